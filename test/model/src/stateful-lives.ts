import { add, del, endSandbox, type Life, type LifeContext } from "./life-script.ts";
import type { AttachmentPlan } from "./plan.ts";

/** Kinds of lives of pods that come again under their name, with another uid and on whatever node. */
export const STATEFUL_LIVES: Readonly<Record<string, Life>> = {
  "comes again after its DEL": (context, first, script) => {
    script
      .do(add(context, stateful(first)))
      .pause()
      .do(del(context, stateful(first)));
    endSandbox(context, stateful(first), script);
    script.pause().do(add(context, again(context, first, "b")));
    if (context.dice.happens(0.5)) script.pause().do(del(context, again(context, first, "b")));
  },
  "comes again and again": (context, first, script) => {
    script
      .do(add(context, stateful(first)))
      .pause()
      .do(del(context, stateful(first)));
    for (const letter of ["b", "c"]) {
      const next = again(context, first, letter);
      script.pause([5, 300, 3_000]).do(add(context, next)).pause([40, 3_000]).do(del(context, next));
    }
  },
  "comes again while the old one is still there": (context, first, script) => {
    script.do(add(context, stateful(first))).pause();
    script
      .do(add(context, again(context, first, "b")))
      .pause([5, 300])
      .do(del(context, stateful(first)));
    if (context.dice.happens(0.5)) script.pause([300]).do(add(context, again(context, first, "b")));
  },
  "comes again on two nodes at once": (context, first, script) => {
    script
      .do(add(context, stateful(first)))
      .pause([300])
      .do(del(context, stateful(first)))
      .pause([300]);
    endSandbox(context, stateful(first), script);
    for (const letter of ["b", "c", "d"]) script.do(add(context, again(context, first, letter))).pause([2]);
    script.pause([300]);
    for (const letter of ["b", "c", "d"]) script.do(del(context, again(context, first, letter))).pause([5, 300]);
    for (const letter of ["e", "f"]) script.do(add(context, again(context, first, letter))).pause([2]);
  },
  "comes again without a DEL": (context, first, script) => {
    script.do(add(context, stateful(first))).pause();
    endSandbox(context, stateful(first), script);
    script.pause([40, 300]).do(add(context, again(context, first, "b")));
  },
  "is succeeded by another one that wants its address": (context, first, script) => {
    const { dice, wanted } = context;
    const held = { ...stateful(first), fixed: wanted };
    script.do(add(context, held)).pause([300, 3_000]);
    if (dice.happens(0.8)) script.do(del(context, held));
    endSandbox(context, held, script);
    const rival = {
      ...held,
      pod: { ...held.pod, name: `${held.pod.name}-rival`, uid: `${held.pod.uid}-rival`, isStateful: false },
    };
    script.pause([40, 3_000, 15_000]).do(add(context, rival));
    script.pause().do(add(context, { ...again(context, first, "b"), fixed: wanted }));
  },
};

/** The agent sees its sandboxes: where it is the pod that decides, a living one must not lose its name. */
function stateful(attachment: AttachmentPlan): AttachmentPlan {
  const { pod } = attachment;
  return { ...attachment, pod: { ...pod, name: `db-${pod.uid.slice(1)}`, isVisible: true, isStateful: true } };
}

/** The pod under its name, with another uid; all its interfaces come on the same node. */
function again({ nodes }: LifeContext, first: AttachmentPlan, letter: string): AttachmentPlan {
  const attachment = stateful(first);
  const { uid } = attachment.pod;
  const node = nodes[(Number(uid.slice(1)) + letter.charCodeAt(0)) % nodes.length]?.name;
  return { ...attachment, pod: { ...attachment.pod, uid: `${uid}-${letter}`, node: node ?? attachment.pod.node } };
}

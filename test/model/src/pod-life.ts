import { add, del, endSandbox, type Life, type LifeContext, Script } from "./life-script.ts";
import type { Operation } from "./plan.ts";
import { STATEFUL_LIVES } from "./stateful-lives.ts";

/** Kinds of lives; the runtime's part of the scenarios. */
const LIVES: Readonly<Record<string, Life>> = {
  stays: (context, first, script) => {
    script.do(add(context, first)).pause().do({ kind: "check", attachment: first });
  },
  ends: (context, first, script) => {
    script.do(add(context, first)).pause().do(del(context, first));
    endSandbox(context, first, script);
  },
  "is deleted twice": (context, first, script) => {
    script.do(add(context, first)).pause().do(del(context, first)).pause().do(del(context, first));
  },
  "comes again": (context, first, script) => {
    script.do(add(context, first)).pause().do(del(context, first)).pause().do(add(context, first));
    script.pause().do({ kind: "check", attachment: first });
    if (context.dice.happens(0.4)) script.pause().do(del(context, first));
  },
  "is added twice": (context, first, script) => {
    script.do(add(context, first)).pause().do(add(context, first));
    if (context.dice.happens(0.5)) script.pause().do(del(context, first));
  },
  "gets a new sandbox": (context, first, script) => {
    const second = { ...first, sandbox: 2 };
    script.do(add(context, first)).pause();
    if (context.dice.happens(0.5)) endSandbox(context, first, script);
    if (context.dice.happens(0.5)) script.do(del(context, first)).pause();
    script.do(add(context, second)).pause();
    if (context.dice.happens(0.5)) script.do(del(context, first)).pause();
    script.do({ kind: "check", attachment: second });
    if (context.dice.happens(0.3)) script.pause().do(del(context, second));
  },
  "gets a new sandbox while the old one is deleted": (context, first, script) => {
    const second = { ...first, sandbox: 2 };
    script.do(add(context, first)).pause().do(add(context, second)).pause([5, 40]).do(del(context, first));
    if (context.dice.happens(0.3)) script.pause().do(del(context, second));
  },
  "is deleted while its new sandbox asks, and another pod wants the address": (context, first, script) => {
    const { pod, wanted: fixed } = context;
    const rival = { ...pod, name: `${pod.name}-rival`, uid: `${pod.uid}-rival` };
    script.do(add(context, { ...first, fixed })).pause();
    script.do(add(context, { ...first, fixed, sandbox: 2 })).pause([40, 400]);
    script.do(del(context, { ...first, fixed })).pause([40, 400]);
    script.do(add(context, { ...first, fixed, pod: rival }));
  },
  "gets a new sandbox again and again": (context, first, script) => {
    for (const sandbox of [1, 2, 3]) {
      script.do(add(context, { ...first, sandbox })).pause();
      if (context.dice.happens(0.3)) script.do(del(context, { ...first, sandbox })).pause();
    }
  },
  "is deleted without ever being added": (context, first, script) => {
    script.do(del(context, first));
  },
};

/** What the runtime does with a pod. */
export function podLife(context: LifeContext): Operation[] {
  const { dice, networks, pod, moments, wanted, askShare, features } = context;
  const startMs = dice.pick(moments) + dice.between(0, dice.pick([10, 100, 1_000]));
  const interfaces = dice.happens(0.25) ? ["net1", "net2"] : ["net1"];
  return interfaces.flatMap((ifName) => {
    const network = dice.happens(0.65) ? "lan" : dice.pick(networks).name;
    const script = new Script(dice, startMs);
    const lives = features.has("kept") && dice.happens(0.6) ? STATEFUL_LIVES : LIVES;
    const live = lives[dice.pick(Object.keys(lives))];
    const fixed = dice.happens(askShare) ? dice.pick([wanted, wanted, wanted, dice.integer(1, 14)]) : undefined;
    live?.(context, { pod, sandbox: 1, network, ifName, fixed }, script);
    return script.operations;
  });
}

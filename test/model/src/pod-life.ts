import type { Dice } from "./chance.ts";
import type { Act, AttachmentPlan, Operation, PodPlan } from "./plan.ts";
import type { HostNumber, NetworkPlan } from "./small-network.ts";

/** What a pod's life is made of. */
export interface LifeContext {
  readonly pod: PodPlan;
  readonly networks: readonly NetworkPlan[];
  readonly dice: Dice;
  /** The address that pods ask for when they ask for one, so that they meet. */
  readonly wanted: HostNumber;
  /** Share of the pods that ask for an address. */
  readonly askShare: number;
  /** Moments at which things happen together. */
  readonly moments: readonly number[];
}

/** Writes down what the runtime does with one interface of one pod, one act after the other. */
class Script {
  readonly operations: Operation[] = [];
  readonly #dice: Dice;
  #atMs: number;

  constructor(dice: Dice, startMs: number) {
    this.#dice = dice;
    this.#atMs = startMs;
  }

  /** `act` now. */
  do(act: Act): this {
    this.operations.push({ atMs: this.#atMs, act });
    return this;
  }

  /** Time passes: often so little that calls meet. */
  pause(limitsMs: readonly number[] = [5, 40, 300, 3_000, 15_000]): this {
    this.#atMs += this.#dice.between(0, this.#dice.pick(limitsMs));
    return this;
  }
}

type Life = (context: LifeContext, first: AttachmentPlan, script: Script) => void;

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
  const { dice, networks, pod, moments, wanted, askShare } = context;
  const startMs = dice.pick(moments) + dice.between(0, dice.pick([10, 100, 1_000]));
  const interfaces = dice.happens(0.25) ? ["net1", "net2"] : ["net1"];
  return interfaces.flatMap((ifName) => {
    const network = dice.happens(0.65) ? "lan" : dice.pick(networks).name;
    const script = new Script(dice, startMs);
    const live = LIVES[dice.pick(Object.keys(LIVES))];
    const fixed = dice.happens(askShare) ? dice.pick([wanted, wanted, wanted, dice.integer(1, 14)]) : undefined;
    live?.(context, { pod, sandbox: 1, network, ifName, fixed }, script);
    return script.operations;
  });
}

function add({ dice }: LifeContext, attachment: AttachmentPlan): Act {
  return {
    kind: "add",
    attachment,
    deliveryMs: deliveryMs(dice),
    hangUpMs: dice.happens(0.15) ? dice.between(0, dice.pick([20, 200, 14_000])) : undefined,
  };
}

function del({ dice }: LifeContext, attachment: AttachmentPlan): Act {
  return { kind: "del", attachment, deliveryMs: deliveryMs(dice), isStripped: dice.happens(0.3) };
}

/** Most plugins connect at once; some are kept from it, so that calls arrive in another order than they began. */
function deliveryMs(dice: Dice): number {
  return dice.happens(0.8) ? dice.between(1, 5) : dice.between(1, dice.pick([50, 500, 6_000]));
}

function endSandbox({ dice }: LifeContext, { pod, sandbox }: AttachmentPlan, script: Script): void {
  script.pause([5, 300]).do({ kind: "end-sandbox", pod, sandbox, isGone: dice.happens(0.7) });
}

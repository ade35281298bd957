import type { Dice } from "./chance.ts";
import type { Features } from "./features.ts";
import type { Act, AttachmentPlan, NodePlan, Operation, PodPlan } from "./plan.ts";
import type { HostNumber, NetworkPlan } from "./small-network.ts";

/** What a pod's life is made of. */
export interface LifeContext {
  readonly pod: PodPlan;
  readonly nodes: readonly NodePlan[];
  readonly networks: readonly NetworkPlan[];
  readonly dice: Dice;
  /** The address that pods ask for when they ask for one, so that they meet. */
  readonly wanted: HostNumber;
  /** Share of the pods that ask for an address. */
  readonly askShare: number;
  readonly features: Features;
  /** Moments at which things happen together. */
  readonly moments: readonly number[];
}

/** Writes down what the runtime does with one interface of one pod, one act after the other. */
export class Script {
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

/** What the runtime does with one interface of one pod. */
export type Life = (context: LifeContext, first: AttachmentPlan, script: Script) => void;

/** An ADD; the plugin is killed over it now and then. */
export function add({ dice }: LifeContext, attachment: AttachmentPlan): Act {
  return {
    kind: "add",
    attachment,
    deliveryMs: deliveryMs(dice),
    hangUpMs: dice.happens(0.15) ? dice.between(0, dice.pick([20, 200, 14_000])) : undefined,
  };
}

/** A DEL. */
export function del({ dice }: LifeContext, attachment: AttachmentPlan): Act {
  return { kind: "del", attachment, deliveryMs: deliveryMs(dice), isStripped: dice.happens(0.3) };
}

/** Most plugins connect at once; some are kept from it, so that calls arrive in another order than they began. */
function deliveryMs(dice: Dice): number {
  return dice.happens(0.8) ? dice.between(1, 5) : dice.between(1, dice.pick([50, 500, 6_000]));
}

/** Some time later the sandbox ends. */
export function endSandbox({ dice }: LifeContext, { pod, sandbox }: AttachmentPlan, script: Script): void {
  script.pause([5, 300]).do({ kind: "end-sandbox", pod, sandbox, isGone: dice.happens(0.7) });
}

import type { EndState } from "./leftovers.ts";
import type { Plan } from "./plan.ts";
import type { Fates } from "./request-fate.ts";
import type { SimulatedController } from "./simulated-controller.ts";
import type { SimulatedRuntime } from "./simulated-runtime.ts";
import type { Story } from "./story.ts";
import type { Rule } from "./violation.ts";

/** What the end of a run works with. */
export interface EndParts extends EndState {
  readonly plan: Plan;
  readonly runtime: SimulatedRuntime;
  readonly controller: SimulatedController | undefined;
  readonly fates: Fates;
  readonly story: Story;
  readonly complain: (rule: Rule, text: string) => void;
  /** Lets time pass; false when a rule was broken meanwhile. */
  readonly pass: (ms: number) => Promise<boolean>;
}

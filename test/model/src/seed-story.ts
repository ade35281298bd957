import { makePlan } from "./plan-generator.ts";
import { shrink } from "./shrink.ts";
import { formatStory } from "./story.ts";
import { RULES } from "./violation.ts";
import { runPlan } from "./world.ts";

/**
 * What happens in the run of a seed that breaks a rule, and how to see it again.
 *
 * @param isWhole as it was; else made as short as it can be, which takes hundreds of runs
 */
export async function storyOf(seed: number, isWhole: boolean): Promise<string> {
  const plan = makePlan(seed);
  const first = await runPlan(plan);
  if (first.violation === undefined) return `seed ${seed} holds when it is run again: the model is not deterministic`;
  const outcome = isWhole ? first : (await shrink(plan, first)).outcome;
  const { rule, text } = outcome.violation ?? first.violation;
  return [
    `seed ${seed} breaks a rule [${rule}]: ${RULES[rule]}`,
    text,
    "",
    formatStory(outcome.story),
    "",
    `again: make model SEEDS=${seed}`,
  ].join("\n");
}

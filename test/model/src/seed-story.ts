import { makePlan } from "./plan-generator.ts";
import { shrink } from "./shrink.ts";
import { formatStory } from "./story.ts";
import { RULES } from "./violation.ts";
import { runPlan } from "./world.ts";

/** What happens in the run of a seed that breaks a rule, made as short as it can be, and how to see it again. */
export async function storyOf(seed: number): Promise<string> {
  const plan = makePlan(seed);
  const first = await runPlan(plan);
  if (first.violation === undefined) return `seed ${seed} holds when it is run again: the model is not deterministic`;
  const { outcome } = await shrink(plan, first);
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

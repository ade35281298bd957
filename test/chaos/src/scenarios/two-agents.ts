import type { Faulted, Scenario } from "../scenario.ts";

const TOGETHER_MS = { min: 500, max: 3_000 } as const;
/** Both start at the same moment, or one while the other serves. */
const AT_ONCE_SHARE = 0.5;

/** Two agents run on one node: one of them must wait for the other's end. */
export const TWO_AGENTS: Scenario = {
  name: "two agents on one node",
  run: async (faulted) => {
    for (let turn = 0; turn < faulted.scale.takeOvers; turn += 1) {
      await takeOver(faulted);
    }
  },
};

/** Starts a second agent on one node, and kills the older after a while. */
export async function takeOver({ agents, dice, sleep }: Faulted): Promise<void> {
  const agent = dice.pick(agents);
  if (dice.happens(AT_ONCE_SHARE)) {
    await agent.kill();
    await Promise.all([agent.start(), agent.start()]);
  } else {
    await agent.start();
  }
  await sleep(dice.between(TOGETHER_MS.min, TOGETHER_MS.max));
  await agent.kill(1);
  await sleep(dice.between(TOGETHER_MS.min, TOGETHER_MS.max));
}

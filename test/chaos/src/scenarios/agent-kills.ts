import type { Faulted, Scenario } from "../scenario.ts";

/** An agent is killed before it listens, or in the middle of its work. */
const EARLY_SHARE = 0.3;
const EARLY_MS = 800;
const WORK_MS = { min: 1_200, max: 4_500 } as const;
/** How long a node may be without an agent. */
const MAX_ABSENCE_MS = 600;
const SAY_EVERY = 10;

/** Agents are killed at random moments, and started anew. */
export const AGENT_KILLS: Scenario = {
  name: "agents killed",
  run: async (faulted) => {
    const { agentKills } = faulted.scale;
    for (let kill = 1; kill <= agentKills; kill += 1) {
      await faulted.sleep(momentOfKill(faulted));
      await killOneAgent(faulted);
      if (kill % SAY_EVERY === 0) faulted.say(`${kill} of ${agentKills} agents killed`);
    }
  },
};

/** Kills the agent of one node and starts another. */
export async function killOneAgent({ agents, dice, sleep }: Faulted): Promise<void> {
  const agent = dice.pick(agents);
  await agent.kill();
  await sleep(dice.between(0, MAX_ABSENCE_MS));
  await agent.start();
}

function momentOfKill({ dice }: Faulted): number {
  return dice.happens(EARLY_SHARE) ? dice.between(0, EARLY_MS) : dice.between(WORK_MS.min, WORK_MS.max);
}

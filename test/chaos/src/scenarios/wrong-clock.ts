import type { AgentKeeper } from "../agent-keeper.ts";
import { clockShift } from "../clock-shift.ts";
import type { Scenario } from "../scenario.ts";

const HOUR_MS = 3_600_000;
/** The lines of its log may be so old. */
const TOLERANCE_MS = HOUR_MS / 6;
/** The clock is wrong by so much both ways, each for half of the time. */
const HALVES = [HOUR_MS, -HOUR_MS] as const;

/** The clock of one agent is an hour off, while both nodes race for the addresses of the same pools. */
export const WRONG_CLOCK: Scenario = {
  name: "a clock an hour off",
  run: async (faulted) => {
    const agent = faulted.dice.pick(faulted.agents);
    try {
      for (const shiftMs of HALVES) {
        await setClock(agent, shiftMs);
        await faulted.sleep(faulted.scale.wrongClockMs / HALVES.length);
        await assertWrong(agent, shiftMs);
      }
    } finally {
      await setClock(agent, 0);
    }
  },
};

/** @throws Error when the agent's own log does not show the wrong time: the run would prove nothing */
async function assertWrong({ node }: AgentKeeper, shiftMs: number): Promise<void> {
  const wrongMs = Date.now() + shiftMs;
  const times = [...(await node.agent.log()).matchAll(/"time":"([^"]+)"/g)];
  const isWrong = times.some(([, time = ""]) => Math.abs(Date.parse(time) - wrongMs) < TOLERANCE_MS);
  if (!isWrong) throw new Error(`no line of the log of ${node.name} is ${shiftMs} ms off`);
}

/** Restarts the agent with a clock that is so much ahead. */
export async function setClock(agent: AgentKeeper, shiftMs: number): Promise<void> {
  agent.configure({ wrapper: shiftMs === 0 ? [] : await clockShift(agent.node.run, shiftMs) });
  await agent.restart();
}

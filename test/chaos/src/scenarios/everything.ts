import type { Faulted, Scenario } from "../scenario.ts";
import { killOneAgent } from "./agent-kills.ts";
import { killServer, pauseEtcd, pauseServer } from "./api-server.ts";
import { spoilOneDisk } from "./bad-disks.ts";
import { leadDirectly, leadThroughGateway, untilNothingIsLate } from "./bad-weather.ts";
import { takeOver } from "./two-agents.ts";
import { setClock } from "./wrong-clock.ts";

const FAULT_MS = { min: 1_000, max: 8_000 } as const;
const MAX_PAUSE_MS = 2_000;
const HOUR_MS = 3_600_000;
const SAY_EVERY = 10;

type Fault = (faulted: Faulted, timeMs: number) => Promise<void>;

/** The more common a fault is in life, the more often it stands here. */
const FAULTS: readonly Fault[] = [
  killOneAgent,
  killOneAgent,
  killOneAgent,
  killOneAgent,
  (faulted) => killServer(faulted),
  pauseServer,
  pauseEtcd,
  spoilOneDisk,
  takeOver,
  ({ agents, dice }) => setClock(dice.pick(agents), dice.pick([HOUR_MS, -HOUR_MS, 0])),
];

/** Faults of every kind in bad weather, two at a time, so that they meet. */
export const EVERYTHING: Scenario = {
  name: "everything at once",
  run: async (faulted) => {
    const { agents, weather } = faulted;
    await leadThroughGateway(faulted);
    weather.turn("bad");
    try {
      await Promise.all([strike(faulted, "odd"), strike(faulted, "even")]);
    } finally {
      for (const agent of agents) agent.configure({ wrapper: [] });
      await leadDirectly(faulted);
    }
    await untilNothingIsLate(faulted);
  },
};

/** Half of the faults, one after the other: of the two halves each has what the other must not meet. */
async function strike(all: Faulted, half: "odd" | "even"): Promise<void> {
  // Dice of its own: in which order the halves draw nobody decides.
  const faulted = { ...all, dice: all.chance.of(`${half} faults`) };
  const { dice, scale, sleep } = faulted;
  const mine = FAULTS.filter((_, index) => index % 2 === (half === "odd" ? 1 : 0));
  const count = Math.ceil(scale.mixedFaults / 2);
  for (let fault = 1; fault <= count; fault += 1) {
    await sleep(dice.between(0, MAX_PAUSE_MS));
    await dice.pick(mine)(faulted, dice.between(FAULT_MS.min, FAULT_MS.max));
    if (fault % SAY_EVERY === 0) faulted.say(`${fault} of ${count} faults of one half`);
  }
}

import type { Scenario } from "./scenario.ts";
import { AGENT_KILLS } from "./scenarios/agent-kills.ts";
import { ETCD_PAUSES, SERVER_KILLS } from "./scenarios/api-server.ts";
import { BAD_DISKS } from "./scenarios/bad-disks.ts";
import { BAD_WEATHER } from "./scenarios/bad-weather.ts";
import { EVERYTHING } from "./scenarios/everything.ts";
import { TWO_AGENTS } from "./scenarios/two-agents.ts";
import { WRONG_CLOCK } from "./scenarios/wrong-clock.ts";

/**
 * One kind of bad day each. First those after which a write may come late: the agents look for it for two minutes, in
 * which the others have their turn.
 */
export const SINGLE_SCENARIOS: readonly Scenario[] = [
  ETCD_PAUSES,
  SERVER_KILLS,
  BAD_WEATHER,
  AGENT_KILLS,
  BAD_DISKS,
  TWO_AGENTS,
  WRONG_CLOCK,
];

/** All of them, and all at once. */
export const ALL_SCENARIOS: readonly Scenario[] = [...SINGLE_SCENARIOS, EVERYTHING];

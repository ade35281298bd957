import type { FaultyGateway, SimulatedCluster } from "@cluster-ipam/test-integration";
import type { Chance, Dice } from "@cluster-ipam/test-model";
import type { AgentKeeper } from "./agent-keeper.ts";
import type { RequestWeather } from "./request-weather.ts";
import type { Scale } from "./scale.ts";
import type { StateDisk } from "./state-disk.ts";

/** What faults are done to. */
export interface Faulted {
  readonly cluster: SimulatedCluster;
  readonly agents: readonly AgentKeeper[];
  readonly disks: readonly StateDisk[];
  readonly gateway: FaultyGateway;
  readonly weather: RequestWeather;
  readonly chance: Chance;
  /** Decides what, when and to whom, and nothing of the callers. */
  readonly dice: Dice;
  readonly scale: Scale;
  /** Says how far it is, now and then. */
  readonly say: (text: string) => void;
  /** @throws the reason of the end, when the run is to end early. */
  readonly sleep: (timeMs: number) => Promise<void>;
}

/** One kind of bad day, under load from the first moment to the last. */
export interface Scenario {
  readonly name: string;
  /** Does the harm, and heals it. */
  readonly run: (faulted: Faulted) => Promise<void>;
}

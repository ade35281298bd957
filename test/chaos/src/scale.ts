/** How much of everything a run has. */
export interface Scale {
  /** Parallel loops. */
  readonly callers: number;
  readonly agentKills: number;
  readonly serverKills: number;
  readonly etcdPauses: number;
  /** How long connections are disturbed. */
  readonly weatherMs: number;
  /** How long a disk is full, and how long another is read-only. */
  readonly badDiskMs: number;
  readonly takeOvers: number;
  /** How long a clock is wrong. */
  readonly wrongClockMs: number;
  /** How many faults of every kind come one after another in the last scenario. */
  readonly mixedFaults: number;
  /** Whether the last verdict also waits for the two minutes in which agents look for what others may still write. */
  readonly isPatient: boolean;
}

/** For `make test`: some minutes on two cores. */
export const SHORT: Scale = {
  callers: 50,
  agentKills: 8,
  serverKills: 1,
  etcdPauses: 1,
  weatherMs: 15_000,
  badDiskMs: 5_000,
  takeOvers: 3,
  wrongClockMs: 8_000,
  mixedFaults: 0,
  isPatient: false,
};

/** For `make chaos`: some twenty minutes. */
export const LONG: Scale = {
  callers: 50,
  agentKills: 100,
  serverKills: 5,
  etcdPauses: 2,
  weatherMs: 60_000,
  badDiskMs: 20_000,
  takeOvers: 12,
  wrongClockMs: 40_000,
  mixedFaults: 40,
  isPatient: true,
};

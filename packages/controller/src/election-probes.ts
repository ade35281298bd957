import type { LeaderElector } from "@cluster-ipam/kube";

/** An election that has not tried for so long has stopped to: each try takes a few seconds at most. */
const STUCK_MS = 30_000;
/** What a leader does has so long to end once it leads no more. */
const STEPPING_DOWN_MS = 30_000;
const MS_PER_S = 1_000;

/**
 * Whether a restart would help: the election does not go on, or what the leader did does not end. That the API server is
 * away is no reason, nor is being a standby.
 *
 * @returns what is wrong; nothing when all is well
 */
export function findElectionTrouble({
  state,
  triedAgoMs,
}: Pick<LeaderElector, "state" | "triedAgoMs">): readonly string[] {
  if (state.kind === "stepping-down") {
    if (state.forMs <= STEPPING_DOWN_MS) return [];
    return [`this replica leads no more, but what it did as the leader has not ended for ${seconds(state.forMs)}`];
  }
  if (triedAgoMs <= STUCK_MS) return [];
  return [`nothing was done to get or to keep the lead for ${seconds(triedAgoMs)}`];
}

/**
 * Whether this replica can lead or does: a standby is ready.
 *
 * @param isEnding whether the process has been told to end
 * @returns what is wrong; nothing when all is well
 */
export function findUnreadiness({ state }: Pick<LeaderElector, "state">, isEnding: boolean): readonly string[] {
  return [
    ...(isEnding ? ["the controller is shutting down"] : []),
    ...(state.kind === "starting" ? ["the Lease of the election has not been read yet"] : []),
  ];
}

function seconds(ms: number): string {
  return `${Math.floor(ms / MS_PER_S)} s`;
}

/**
 * What the plugin sends to the agent for one call: the CNI environment and standard input as they came, so that
 * everything but VERSION is decided in one place.
 *
 * `startedAt` is the plugin's start in nanoseconds of CLOCK_BOOTTIME, as decimal digits (it passes 2^53):
 * a DEL beats the ADDs of its attachment that began before it, and those alone.
 */
export interface WireRequest {
  readonly startedAt: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** Where the agent takes a WireRequest: `POST` to this path over its unix socket. */
export const CNI_ROUTE = "/v1/cni";

/** The agent's socket unless somebody says otherwise. */
export const DEFAULT_SOCKET_PATH = "/run/cluster-ipam/agent.sock";

/** The file beside the socket that the agent renews while it runs: its age says for how long there has been none. */
export function presencePath(socketPath: string): string {
  return `${socketPath}.alive`;
}

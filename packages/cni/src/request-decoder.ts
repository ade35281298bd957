import { IpamError } from "@cluster-ipam/errors";
import { decodeCniArgs, podFromArgs, salvageCniArgs } from "./cni-args.ts";
import { type CniEnvironment, decodeEnvironment } from "./environment.ts";
import { show } from "./json-object.ts";
import { decodeConfig, salvageConfig } from "./network-config.ts";
import type { CniRequest } from "./request.ts";
import type { WireRequest } from "./wire.ts";

/**
 * Decodes one call, everything but VERSION.
 *
 * A DEL that names its attachment in the environment always decodes: what cannot be read of its configuration is as if
 * absent, and a network whose name cannot be read is "", which stands for every network of that container and
 * interface. A container ID or interface name that the specification forbids is refused on DEL as well: no ADD can
 * have succeeded with it.
 *
 * @throws {IpamError} bad-environment (4), and for the other commands incompatible-version (1), bad-json (6) and
 *   bad-config (7). The message names the variable, the key or the place in the text.
 */
export function decodeRequest(wire: WireRequest): CniRequest {
  const environment = decodeEnvironment(wire.env);
  const { command, containerId, ifName, netns } = environment;
  const { network, ...config } = command === "DEL" ? salvageConfig(wire.stdin) : decodeConfig(wire.stdin, command);
  const args = readArgs(environment);
  return {
    command,
    attachment: { network, containerId, ifName },
    netns,
    pod: podFromArgs(args),
    args,
    ...config,
    startedAtNs: readStart(wire.startedAt),
  };
}

function readArgs({ command, args }: CniEnvironment): ReadonlyMap<string, string> {
  return command === "ADD" || command === "CHECK" ? decodeCniArgs(args) : salvageCniArgs(args);
}

function readStart(startedAt: string): bigint {
  if (/^\d{1,20}$/.test(startedAt)) return BigInt(startedAt);
  throw new IpamError("bad-environment", `startedAt ${show(startedAt)} is not a time: expected nanoseconds in digits`);
}

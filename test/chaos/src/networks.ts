import { type ControlPlane, createPool } from "@cluster-ipam/test-integration";
import type { AnswerForm } from "./plugin-answer.ts";

/** A network that the callers attach to. */
export interface ChaosNetwork extends AnswerForm {
  readonly name: string;
  /** The plugin's standard input. */
  readonly config: Readonly<Record<string, unknown>>;
}

const CNI_VERSION = "1.1.0";

/**
 * Two ways to take addresses: a wide walk in two families, where an ADD can succeed by half, and the lowest free one of
 * a narrow range, for which all callers race.
 */
export const NETWORKS: readonly ChaosNetwork[] = [
  network("wide", [/^10\.80\.\d+\.\d+\/20$/, /^fd00:80::[0-9a-f:]*\/112$/]),
  network("narrow", [/^10\.81\.\d+\.\d+\/22$/]),
];

/** Makes their pools. */
export async function createPools(controlPlane: ControlPlane): Promise<void> {
  await createPool(controlPlane, "wide", { ranges: [{ subnet: "10.80.0.0/20" }, { subnet: "fd00:80::/112" }] });
  await createPool(controlPlane, "narrow", { ranges: [{ subnet: "10.81.0.0/22" }], strategy: "Sequential" });
}

function network(name: string, addresses: readonly RegExp[]): ChaosNetwork {
  const config = { cniVersion: CNI_VERSION, name, type: "macvlan", master: "eth1", ipam: { type: "cluster-ipam" } };
  return { name, cniVersion: CNI_VERSION, addresses, config };
}

import {
  API_PATH,
  API_VERSION,
  type IPLease,
  type IPLeaseSpec,
  type IPPool,
  type IPPoolSpec,
  LEASE_RESOURCE,
  POOL_RESOURCE,
} from "@cluster-ipam/api";
import type { ControlPlane } from "./control-plane.ts";
import { waitFor } from "./waiting.ts";

/** A part of a specification; the API server fills in what has a default. */
type Written<Spec> = { readonly [Key in keyof Spec]?: Spec[Key] };

/** Every lease that the server has, whoever made it. */
export async function listLeases({ api }: ControlPlane): Promise<readonly IPLease[]> {
  const list = (await api.get(`${API_PATH}/${LEASE_RESOURCE}`)) as { readonly items: readonly IPLease[] };
  return list.items;
}

/** The addresses of every lease that the server has, sorted as text. */
export async function leasedAddresses(controlPlane: ControlPlane): Promise<readonly string[]> {
  return (await listLeases(controlPlane)).map(({ spec }) => spec.address).toSorted();
}

/**
 * Removes every lease, so that what one test leaves does not fail the next.
 *
 * @returns the addresses that were left: none, if all went well.
 */
export async function removeLeases(controlPlane: ControlPlane): Promise<readonly string[]> {
  const left = await leasedAddresses(controlPlane);
  if (left.length > 0) await controlPlane.api.send({ method: "DELETE", path: `${API_PATH}/${LEASE_RESOURCE}` });
  return left;
}

/**
 * Waits until no lease is left. A server that has just been started may refuse for a while.
 *
 * @throws Error that names what is left after `timeoutMs`.
 */
export async function waitForNoLeases(controlPlane: ControlPlane, timeoutMs: number): Promise<void> {
  let left: readonly string[] = [];
  const isEmpty = async (): Promise<true | undefined> => {
    left = await leasedAddresses(controlPlane).catch((error: unknown) => [String(error)]);
    return left.length === 0 ? true : undefined;
  };
  await waitFor(isEmpty, { what: "the last lease to go", timeoutMs, intervalMs: 200 }).catch((cause: unknown) => {
    throw new Error(`leases are left: ${left.join(", ")}`, { cause });
  });
}

/** Creates a pool. @throws Error that holds the server's refusal. */
export async function createPool(
  { api }: ControlPlane,
  name: string,
  spec: Written<Omit<IPPoolSpec, "ranges">> & { readonly ranges: readonly Written<IPPoolSpec["ranges"][number]>[] },
  annotations: Readonly<Record<string, string>> = {},
): Promise<void> {
  const pool = { apiVersion: API_VERSION, kind: "IPPool", metadata: { name, annotations }, spec };
  await api.ensure(`${API_PATH}/${POOL_RESOURCE}`, JSON.stringify(pool));
}

/** The names of every pool that the server has, inline ones included, sorted. */
export async function listPools({ api }: ControlPlane): Promise<readonly string[]> {
  const list = (await api.get(`${API_PATH}/${POOL_RESOURCE}`)) as { readonly items: readonly IPPool[] };
  return list.items.map(({ metadata }) => metadata.name).toSorted();
}

/** Removes a pool; its leases stay. */
export async function deletePool({ api }: ControlPlane, name: string): Promise<void> {
  await api.send({ method: "DELETE", path: `${API_PATH}/${POOL_RESOURCE}/${name}` });
}

/**
 * Creates the lease of an IPv4 address of the default space, as a person with kubectl would.
 *
 * @throws Error that holds the server's refusal.
 */
export async function createLease(
  { api }: ControlPlane,
  spec: Written<IPLeaseSpec> & Pick<IPLeaseSpec, "address">,
): Promise<void> {
  const metadata = { name: spec.address };
  const lease = { apiVersion: API_VERSION, kind: "IPLease", metadata, spec: { prefixLength: 24, ...spec } };
  await api.ensure(`${API_PATH}/${LEASE_RESOURCE}`, JSON.stringify(lease));
}

/** Removes the lease of an IPv4 address of the default space, as a person with kubectl would. */
export async function deleteLease({ api }: ControlPlane, address: string): Promise<void> {
  await api.send({ method: "DELETE", path: `${API_PATH}/${LEASE_RESOURCE}/${address}` });
}

/** Waits until the server takes a write, and has thereby taken what was sent to etcd before. */
export async function waitUntilWritable({ api }: ControlPlane, timeoutMs: number): Promise<void> {
  const path = "/api/v1/namespaces/default/configmaps";
  const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "written-" } });
  const isWritten = async (): Promise<true | undefined> => {
    const answer = await api.send({ method: "POST", path, body }).catch(() => undefined);
    return answer?.status === 201 ? true : undefined;
  };
  await waitFor(isWritten, { what: "the API server to take a write", timeoutMs, intervalMs: 200 });
}

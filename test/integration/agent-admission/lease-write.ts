import { attachedLease } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import type { ApiAnswer, ApiClient } from "../src/api-client.ts";
import { type GuardedServer, PATHS, send } from "./guarded-server.ts";
import type { LeaseRow } from "./lease-row.ts";

/** Makes what was there before the write of a row, and has `client` write. */
export async function writeLease(server: GuardedServer, client: ApiClient, row: LeaseRow): Promise<ApiAnswer> {
  const [before, after] = [leaseOf(row.before, row.metadataBefore), leaseOf(row.after, row.metadata)];
  const found = before === undefined ? undefined : await server.make(PATHS.leases, before);
  const path = `${PATHS.leases}/${found?.metadata.name}`;
  if (after === undefined) return await send(client, "DELETE", path);
  if (found === undefined) return await send(client, "POST", PATHS.leases, after);
  return await send(client, "PUT", path, { ...found, ...after, metadata: { ...found.metadata, ...row.metadata } });
}

function leaseOf(spec: LeaseRow["before"], metadata: LeaseRow["metadata"]): IPLease | undefined {
  if (spec === undefined) return undefined;
  const lease = attachedLease(spec.address);
  return { ...lease, metadata: { ...lease.metadata, ...metadata }, spec };
}

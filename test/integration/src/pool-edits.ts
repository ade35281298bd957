import { setTimeout as sleep } from "node:timers/promises";
import { API_PATH, API_VERSION, POOL_RESOURCE } from "@cluster-ipam/api";
import type { ControlPlane } from "./control-plane.ts";

/** An agent trusts no pool for longer than 10 s after it has read it. */
const POOL_TRUST_MS = 10_500;

/** Replaces the specification of a pool, as kubectl replace does. @throws Error that holds the server's refusal. */
export async function editPool(
  { api }: ControlPlane,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): Promise<void> {
  const path = `${API_PATH}/${POOL_RESOURCE}/${name}`;
  const { metadata } = (await api.get(path)) as { readonly metadata: Readonly<Record<string, unknown>> };
  const body = JSON.stringify({ apiVersion: API_VERSION, kind: "IPPool", metadata, spec });
  const answer = await api.send({ method: "PUT", path, body });
  if (answer.status !== 200) throw new Error(`PUT ${path}: ${answer.status} ${answer.text}`);
}

/** Waits until no agent goes by what pools were before. */
export async function untilPoolsAreForgotten(): Promise<void> {
  await sleep(POOL_TRUST_MS);
}

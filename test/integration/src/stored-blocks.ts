import { API_PATH, BLOCK_RESOURCE, type IPBlock } from "@cluster-ipam/api";
import type { ControlPlane } from "./control-plane.ts";

/** Every block that the server has. */
export async function listBlocks({ api }: ControlPlane): Promise<readonly IPBlock[]> {
  const list = (await api.get(`${API_PATH}/${BLOCK_RESOURCE}`)) as { readonly items: readonly IPBlock[] };
  return list.items;
}

/** The nodes of a pool's blocks, one entry a block, sorted. */
export async function blockNodes(controlPlane: ControlPlane, pool: string): Promise<readonly string[]> {
  const blocks = await listBlocks(controlPlane);
  return blocks.flatMap(({ spec }) => (spec.pool === pool ? [spec.node] : [])).toSorted();
}

/** Removes a block, as a person with kubectl would. */
export async function deleteBlock({ api }: ControlPlane, name: string): Promise<void> {
  await api.send({ method: "DELETE", path: `${API_PATH}/${BLOCK_RESOURCE}/${name}` });
}

/** The node whose block of the pool holds an IPv4 address; undefined where none does. */
export function nodeOfAddress(blocks: readonly IPBlock[], pool: string, address: string): string | undefined {
  const value = numberOf(address);
  return blocks.find(({ spec }) => {
    const [network = "", length = "32"] = spec.prefix.split("/");
    const size = 2 ** (32 - Number(length));
    return spec.pool === pool && value >= numberOf(network) && value < numberOf(network) + size;
  })?.spec.node;
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

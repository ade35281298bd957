import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { API_VERSION, DEFAULT_POOL_ANNOTATION } from "@cluster-ipam/api";
import { describe, expect, it } from "vitest";
import { BAD_LEASES } from "./custom-resources/lease-rows.ts";
import { BAD_POOLS } from "./custom-resources/pool-rows.ts";
import { REFUSED_BY_AGENT } from "./custom-resources/refused-pool-rows.ts";
import type { BadRow, Fields } from "./custom-resources/row.ts";
import { UNFIT_POOLS } from "./custom-resources/unfit-pool-rows.ts";
import { useCluster } from "./src/cluster-in-use.ts";
import { callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { createPool, deletePool, leasedAddresses } from "./src/stored-objects.ts";

const RANGE = { subnet: "10.53.0.0/24" };

describe("objects that cannot be served", () => {
  const cluster = useCluster(["n1"]);

  it.each([
    { kind: "IPPool", rows: [...BAD_POOLS, ...UNFIT_POOLS] },
    // Those with a name of their own are about the name, which another one would hide.
    { kind: "IPLease", rows: BAD_LEASES.filter(({ name }) => name === undefined) },
  ])("kubectl apply says of each bad $kind what is wrong with it, and takes none", async ({ kind, rows }) => {
    const silent: string[] = [];
    await Promise.all(
      [0, 1, 2, 3].map(async (part) => {
        for (const row of rows.filter((_, index) => index % 4 === part)) {
          const said = await refusalOf(kind, row, `${kind}-${rows.indexOf(row)}`);
          if (!said.includes(row.says)) silent.push(`${row.what}: ${said}`);
        }
      }),
    );
    expect(silent).toEqual([]);
  });

  /** What kubectl prints where it cannot apply the object. */
  async function refusalOf(kind: string, { spec }: Pick<BadRow, "spec">, file: string): Promise<string> {
    const path = join(cluster.run.folder, `${file}.json`);
    const metadata = { name: kind === "IPPool" ? "bad" : leaseName(spec) };
    await writeFile(path, JSON.stringify({ apiVersion: API_VERSION, kind, metadata, spec }));
    const { exitCode, stdout, stderr } = await kubectl(cluster.run, cluster.controlPlane, ["apply", "-f", path]);
    return exitCode === 0 ? `taken: ${stdout}` : stderr;
  }

  it("kubectl apply names a key that pools do not have", async () => {
    const said = await refusalOf("IPPool", { spec: { ranges: [RANGE], stratgy: "Index" } }, "misspelt");
    expect(said).toContain('unknown field "spec.stratgy"');
  });

  it.each(REFUSED_BY_AGENT)("a pool with $what is refused by ADD with code 7, and nothing is taken", async (row) => {
    const name = `refused-${REFUSED_BY_AGENT.indexOf(row)}`;
    await createPool(cluster.controlPlane, name, row.spec as Parameters<typeof createPool>[2]);
    const call = addCall(row.pod ?? "web-0", network(name));
    const { code, msg } = errorOf(await callPlugin(cluster.n1.socketPath, call));
    expect({ code, msg }).toEqual({ code: 7, msg: expect.stringContaining(row.says) });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
    await deletePool(cluster.controlPlane, name);
  });

  it("an annotation that is meant to make a pool the default, and does not, is named by ADD with code 7", async () => {
    await createPool(cluster.controlPlane, "meant", { ranges: [RANGE] }, { [DEFAULT_POOL_ANNOTATION]: "yes" });
    const call = addCall("web-0", network("elsewhere"));
    const { code, msg } = errorOf(await callPlugin(cluster.n1.socketPath, call));
    expect(code).toBe(7);
    expect(msg).toContain(`the annotation ${DEFAULT_POOL_ANNOTATION} of pool meant is "yes": write "true"`);
    await deletePool(cluster.controlPlane, "meant");
  });
});

function leaseName(spec: Fields): string {
  const address = String(spec["address"]);
  return address === "2001:db8::5" ? "2001-0db8-0000-0000-0000-0000-0000-0005" : address;
}

function network(name: string): Fields {
  return { cniVersion: "1.0.0", name, type: "macvlan", ipam: { type: "cluster-ipam" } };
}

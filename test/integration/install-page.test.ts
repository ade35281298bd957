import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { attachedLease, blockOf, releasedLease, reservation } from "@cluster-ipam/allocator/testing";
import { API_PATH, BLOCK_RESOURCE, LEASE_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { callPlugin, SEARCH_PATH } from "./src/cni-call.ts";
import { runCommand } from "./src/command.ts";
import { type Manifest, tryRender } from "./src/helm.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { listBlocks } from "./src/stored-blocks.ts";
import { createPool, listLeases, listPools } from "./src/stored-objects.ts";
import { requireTools, TOOL_FOLDER } from "./src/tools.ts";

const PAGE = join(import.meta.dirname, "../../docs/install.md");
/** Which addresses pod web-1 gets, by network. */
const EXPECTED: Readonly<Record<string, RegExp>> = {
  lan: /^172\.16\.1\.2[0-4][0-9]$/,
  storage: /^172\.16\.2\.[0-9]+$/,
  cameras: /^172\.16\.3\.[0-9]+$/,
  office: /^172\.16\.4\.[0-9]+,2001:db8:4:[0-9a-f:]+$/,
  numbered: /^172\.16\.5\.11$/,
};

interface Network {
  readonly name: string;
  readonly type: string;
}

let cluster: SimulatedCluster;
let page: string;
let manifests: readonly Manifest[];

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "kubectl", "helm"]);
  page = await readFile(PAGE, "utf8");
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = ""]) => yaml);
  manifests = examples.flatMap((yaml) => [...parseAllDocuments(yaml)].map((document) => document.toJS() as Manifest));
  cluster = await SimulatedCluster.start({ nodes: ["n1"], isGuarded: true });
  await cluster.startAgents();
});
afterAll(async () => {
  await cluster?.close();
});

/** The lines of the page's shell examples that begin with a word, without their comments. */
function commandsOf(word: string): readonly string[] {
  const shells = [...page.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, shell = ""]) => shell.split("\n"));
  return shells.filter((line) => line.startsWith(`${word} `)).map((line) => line.replace(/\s+#.*$/, ""));
}

describe("docs/install.md", () => {
  it("shows networks of which each gives a pod its addresses", async () => {
    for (const pool of manifests.filter(({ kind }) => kind === "IPPool")) {
      const applied = await kubectl(cluster.run, cluster.controlPlane, ["apply", "-f", "-"], JSON.stringify(pool));
      expect(applied).toMatchObject({ exitCode: 0 });
    }
    const networks = manifests
      .filter(({ kind }) => kind === "NetworkAttachmentDefinition")
      .map(({ spec }) => JSON.parse((spec as { readonly config: string }).config) as Network & Record<string, unknown>);
    expect(networks.map(({ name }) => name)).toEqual(Object.keys(EXPECTED));
    expect(new Set(networks.map(({ type }) => type))).toEqual(new Set(["macvlan", "ipvlan", "bridge"]));
    const { socketPath } = cluster.node("n1");
    for (const network of networks) {
      const call = addCall("web-1", network);
      const addresses = addressesOf(resultOf(await callPlugin(socketPath, call)));
      expect(addresses.join()).toMatch(EXPECTED[network.name] ?? /never/);
      await callPlugin(socketPath, delCall(call));
    }
  });

  it("names values that the chart has", async () => {
    const names = [...page.matchAll(/`((?:agent|controller|apiServer|image|pools)(?:\.\w+)*)(?:=\w+)?`/g)].map(
      ([, name = ""]) => name,
    );
    expect(names.length).toBeGreaterThan(8);
    const { stdout } = await runCommand([join(TOOL_FOLDER, "helm"), "show", "values", "charts/cluster-ipam"], {
      env: { PATH: SEARCH_PATH, HOME: cluster.run.folder },
    });
    for (const name of new Set(names)) {
      const last = name.split(".").at(-1) ?? "";
      if (!name.includes("seLinuxOptions")) expect(stdout).toMatch(new RegExp(`^ *${last}:`, "m"));
    }
    const settings = commandsOf("helm").flatMap((line) => line.match(/--set \S+/g) ?? []);
    expect(settings.length).toBeGreaterThan(0);
    for (const setting of settings) {
      expect((await tryRender(cluster.run, setting.split(" "))).stderr).toBe("");
    }
    const seLinux = ["agent.securityContext", "agent.installSecurityContext"];
    const flags = seLinux.map((context) => `--set=${context}.seLinuxOptions.type=spc_t`);
    expect((await tryRender(cluster.run, flags)).stderr).toBe("");
  });

  it("brings leases, pools and blocks back from its backup as they were", async () => {
    const { controlPlane, run } = cluster;
    const { api } = controlPlane;
    await createPool(controlPlane, "lab", { ranges: [{ subnet: "10.9.0.0/24" }] });
    const leases = [
      attachedLease("10.9.0.5"),
      attachedLease("fd00::5"),
      releasedLease("10.9.0.6"),
      reservation("10.9.0.7"),
    ];
    for (const lease of leases) await api.ensure(`${API_PATH}/${LEASE_RESOURCE}`, JSON.stringify(lease));
    await api.ensure(`${API_PATH}/${BLOCK_RESOURCE}`, JSON.stringify(blockOf("10.9.0.0/28")));
    const before = await stored();

    const env = { PATH: `${TOOL_FOLDER}:${SEARCH_PATH}`, HOME: run.folder, KUBECONFIG: controlPlane.kubeconfigPath };
    const [backUp = "", restore = ""] = ["kubectl get ippools,ipleases,ipblocks", "kubectl create -f"].map(
      (start) => commandsOf("kubectl").find((line) => line.startsWith(start)) ?? "",
    );
    const execute = (line: string): ReturnType<typeof runCommand> =>
      runCommand(["sh", "-c", `cd ${run.folder} && ${line}`], { env });
    expect(await execute(backUp)).toMatchObject({ exitCode: 0, stderr: "" });
    for (const resource of ["ippools", "ipleases", "ipblocks"]) {
      await api.send({ method: "DELETE", path: `${API_PATH}/${resource}` });
    }
    expect(await stored()).toEqual([[], [], []]);
    expect(await execute(restore)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await stored()).toEqual(before);
  });

  async function stored(): Promise<readonly unknown[]> {
    const { controlPlane } = cluster;
    const [leases, blocks] = [await listLeases(controlPlane), await listBlocks(controlPlane)];
    return [await listPools(controlPlane), leases.map(({ spec }) => spec), blocks.map(({ spec }) => spec)];
  }
});

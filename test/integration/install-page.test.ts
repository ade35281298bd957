import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { callPlugin } from "./src/cni-call.ts";
import { readPage, shellCommands } from "./src/documentation-page.ts";
import { helm, type Manifest, render } from "./src/helm.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { RENDERINGS } from "./src/renderings.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { CHART_FOLDER, requireTools } from "./src/tools.ts";

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
  page = await readPage("install.md");
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = ""]) => yaml);
  manifests = examples.flatMap((yaml) => [...parseAllDocuments(yaml)].map((document) => document.toJS() as Manifest));
  cluster = await SimulatedCluster.start({ nodes: ["n1"], isGuarded: true });
  await cluster.startAgents();
});
afterAll(async () => {
  await cluster?.close();
});

/** What stands at a path such as `agent.image.tag` of a document; undefined where it has no such path. */
function valueAt(values: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], values);
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

  it("names images and the Lease as the chart does by itself", async () => {
    const [deployment] = (await render(cluster.run)).filter(({ kind }) => kind === "Deployment");
    const text = JSON.stringify(deployment);
    const [image = ""] = /cluster-ipam-controller:[\w.-]+/.exec(text) ?? [];
    expect(shellCommands(page)).toContain(`docker push registry.example.org/network/${image}`);
    expect(shellCommands(page)).toContain(
      `docker push registry.example.org/network/${image.replace("controller", "agent")}`,
    );
    const [namespace, name] = ["namespace", "name"].map((of) => new RegExp(`election-${of}=([\\w-]+)`).exec(text)?.[1]);
    expect(shellCommands(page)).toContain(`kubectl -n ${namespace} delete lease ${name}`);
  });

  it("names values that the chart has", async () => {
    const names = [...page.matchAll(/`((?:agent|controller|apiServer|image|pools)(?:\.\w+)*)(?:=\w+)?`/g)].map(
      ([, name = ""]) => name,
    );
    expect(names.length).toBeGreaterThan(8);
    const { stdout } = await helm(cluster.run, ["show", "values", CHART_FOLDER]);
    const values: unknown = parse(stdout);
    // Kubernetes' own, which the chart passes on.
    const own = new Set(names.map((name) => name.replace(/\.seLinuxOptions.*$/, "")));
    const missing = [...own].filter((name) => valueAt(values, name) === undefined);
    expect(missing).toEqual([]);
    const helmCommands = shellCommands(page).filter((line) => line.startsWith("helm "));
    const settings = helmCommands.flatMap((line) => line.match(/--set \S+/g) ?? []);
    expect(settings.join(" ")).toBe(RENDERINGS["as the page on installing says"].join(" "));
    const [ofAgent = ""] = RENDERINGS["for nodes with SELinux"];
    expect(page).toContain(`\`${ofAgent.replace("--set=", "")}\` and the same in \`agent.installSecurityContext\``);
  });
});

import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attachedLease } from "@cluster-ipam/allocator/testing";
import { API_PATH, LEASE_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "./src/control-plane.ts";
import { RELEASE, release, released } from "./src/helm.ts";
import { kubectl } from "./src/kubectl.ts";
import { Run } from "./src/run.ts";
import { leasedAddresses, listPools } from "./src/stored-objects.ts";
import { CHART_FOLDER, requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const LEASES = `${DEFINITIONS}/ipleases.cluster-ipam.io`;
const POOLS = ["--set=pools[0].name=lan,pools[0].default=true", "--set=pools[0].spec.ranges[0].subnet=172.16.1.0/24"];
const PLURALS = ["ipleases", "ippools", "ipblocks"];
/** Values as they were given, and the new chart's own for the rest. */
const UPGRADE_FLAG = "--reset-then-reuse-values";
const DEFINITIONS_TIMEOUT_MS = 30_000;

interface Definition {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly names: { readonly shortNames: readonly string[] } };
}

describe("a release of the chart on a real API server", () => {
  let run: Run;
  let controlPlane: ControlPlane;
  let uid: string;

  beforeAll(async () => {
    await requireTools(["helm", "kubectl", "etcd", "kube-apiserver"]);
    run = await Run.open();
    controlPlane = await ControlPlane.start(run);
    await removeDefinitions();
  });
  afterAll(async () => {
    await run?.close();
  });

  /** The harness has made them, as `kubectl apply` would. */
  async function removeDefinitions(): Promise<void> {
    const paths = PLURALS.map((plural) => `${DEFINITIONS}/${plural}.cluster-ipam.io`);
    for (const path of paths) await controlPlane.api.send({ method: "DELETE", path });
    const isGone = async (path: string): Promise<boolean> =>
      (await controlPlane.api.send({ method: "GET", path })).status === 404;
    const areGone = async (): Promise<true | undefined> =>
      (await Promise.all(paths.map(isGone))).every(Boolean) ? true : undefined;
    await waitFor(areGone, { what: "the definitions to go", timeoutMs: DEFINITIONS_TIMEOUT_MS });
  }

  async function helm(...args: readonly string[]): Promise<string> {
    const said = await release(run, controlPlane.kubeconfigPath, args);
    await untilServed();
    return said;
  }

  /** A server that has just learnt of a definition, or of another text of it, answers 404 or 429 for a moment. */
  async function untilServed(): Promise<void> {
    const isServed = async (plural: string): Promise<boolean> => {
      const path = `${API_PATH}/${plural}?limit=1`;
      return (await controlPlane.api.send({ method: "GET", path })).status === 200;
    };
    const areServed = async (): Promise<true | undefined> =>
      (await Promise.all(PLURALS.map(isServed))).every(Boolean) ? true : undefined;
    await waitFor(areServed, { what: "the definitions to be served", timeoutMs: DEFINITIONS_TIMEOUT_MS });
  }

  async function definition(): Promise<Definition> {
    return (await controlPlane.api.get(LEASES)) as Definition;
  }

  /** A chart of an earlier version, whose leases had another short name. */
  async function earlierChart(): Promise<string> {
    const folder = join(run.folder, "earlier");
    await cp(CHART_FOLDER, folder, { recursive: true });
    const path = join(folder, "files/crds/cluster-ipam.io_ipleases.yaml");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("- ipl\n", "- earlier\n"));
    return folder;
  }

  it("installs where nothing is yet, with the definitions, and says what is left to do, now and in the end", async () => {
    const chart = await earlierChart();
    const said = await helm("install", RELEASE.name, chart, ...POOLS, "--set=agent.cniBinDir=/usr/lib/cni");
    expect(said).toContain(`helm upgrade cluster-ipam <chart> -n kube-system ${UPGRADE_FLAG}\n`);
    expect(said).toContain("When no\npod uses a network of cluster-ipam any more, remove them on each node:");
    expect(said).toContain("rm -rf /usr/lib/cni/cluster-ipam /var/lib/cluster-ipam /run/cluster-ipam\n");
    const { metadata, spec } = await definition();
    uid = metadata.uid;
    expect(spec.names.shortNames).toEqual(["earlier"]);
    const lease = JSON.stringify(attachedLease("172.16.1.5"));
    await controlPlane.api.ensure(`${API_PATH}/${LEASE_RESOURCE}`, lease);
  });

  it("upgrades the definitions, and makes the pools that the first time could not", async () => {
    expect(await listPools(controlPlane)).toEqual([]);
    await helm("upgrade", RELEASE.name, CHART_FOLDER, UPGRADE_FLAG);
    const { metadata, spec } = await definition();
    expect(metadata.uid).toBe(uid);
    expect(spec.names.shortNames).toEqual(["ipl"]);
    expect(await listPools(controlPlane)).toEqual(["lan"]);
    expect(await leasedAddresses(controlPlane)).toEqual(["172.16.1.5"]);
  });

  it("leaves definitions, leases and pools when it is uninstalled, and nothing else", async () => {
    const manifests = await released(run, controlPlane.kubeconfigPath);
    const ours = manifests.filter(({ kind }) => kind !== "CustomResourceDefinition" && kind !== "IPPool");
    expect(ours.length).toBeGreaterThan(15);
    await helm("uninstall", RELEASE.name);
    expect((await definition()).metadata.uid).toBe(uid);
    expect(await leasedAddresses(controlPlane)).toEqual(["172.16.1.5"]);
    expect(await listPools(controlPlane)).toEqual(["lan"]);
    for (const { kind, metadata } of ours) {
      const namespace = metadata.namespace === undefined ? [] : [`--namespace=${metadata.namespace}`];
      const { stderr } = await kubectl(run, controlPlane, ["get", kind, metadata.name, ...namespace]);
      expect(stderr).toMatch(/^Error from server \(NotFound\): /);
    }
  });

  it("takes over what it finds when it is installed again", async () => {
    await helm("install", RELEASE.name, CHART_FOLDER, ...POOLS);
    expect((await definition()).metadata.uid).toBe(uid);
    expect(await leasedAddresses(controlPlane)).toEqual(["172.16.1.5"]);
    expect(await listPools(controlPlane)).toEqual(["lan"]);
    await helm("uninstall", RELEASE.name);
  });

  it("takes over definitions that somebody else has applied, when it is told to", async () => {
    await removeDefinitions();
    const applied = await kubectl(run, controlPlane, ["apply", "-f", join(CHART_FOLDER, "files/crds")]);
    expect(applied.exitCode).toBe(0);
    await expect(helm("install", RELEASE.name, CHART_FOLDER)).rejects.toThrow("invalid ownership metadata");
    await helm("install", RELEASE.name, CHART_FOLDER, "--take-ownership");
    await helm("upgrade", RELEASE.name, CHART_FOLDER);
  });
});

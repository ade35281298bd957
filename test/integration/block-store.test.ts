import { blockOf, blockStoreConformance } from "@cluster-ipam/allocator/testing";
import { KubeClient, kubeconfigFile } from "@cluster-ipam/kube";
import { ApiBlockStore } from "@cluster-ipam/store";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { ControlPlane, STRANGER } from "./src/control-plane.ts";
import { Run } from "./src/run.ts";
import { requireTools } from "./src/tools.ts";

const PAGE_SIZE = 7;

let run: Run;
let controlPlane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run);
  client = clientOf(controlPlane.kubeconfigPath);
});

afterAll(async () => {
  await client?.close();
  await run?.close();
});

function clientOf(kubeconfigPath: string): KubeClient {
  return new KubeClient({ source: kubeconfigFile(kubeconfigPath), userAgent: "cluster-ipam-test/0" });
}

blockStoreConformance("ApiBlockStore", () => new ApiBlockStore(client, { pageSize: PAGE_SIZE }));

it("who may not is told verb, resource and what the server says", async () => {
  const own = clientOf(await controlPlane.kubeconfigFor(STRANGER));
  onTestFinished(() => own.close());
  const store = new ApiBlockStore(own);
  const signal = new AbortController().signal;
  const refused = [
    ["create", () => store.create(blockOf("10.0.0.0/28"))],
    ["delete", () => store.delete({ name: "10.0.0.0-28", uid: "1", resourceVersion: "1" })],
    ["get", () => store.get("10.0.0.0-28", signal)],
    ["list", () => store.listByNode("n1", signal)],
    ["list", () => store.listByPool("lab", signal)],
  ] as const;
  for (const [verb, call] of refused) {
    await expect(call()).rejects.toMatchObject({
      code: "apiserver-refused",
      message: expect.stringContaining(`cannot ${verb} resource "ipblocks" in API group "cluster-ipam.io"`),
    });
  }
});

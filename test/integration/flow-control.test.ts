import { API_PATH, POOL_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ApiClient } from "./src/api-client.ts";
import { ControlPlane } from "./src/control-plane.ts";
import { requestToken } from "./src/guarded-agents.ts";
import { RELEASE, release } from "./src/helm.ts";
import { Run } from "./src/run.ts";
import { CHART_FOLDER, requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

/** Comes after every flow schema of the API server's own: of two with one precedence the first name wins. */
const NAME = "zz";

let run: Run;
let controlPlane: ControlPlane;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "helm"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run);
  const args = ["install", RELEASE.name, CHART_FOLDER, "--take-ownership", `--set=fullnameOverride=${NAME}`];
  await release(run, controlPlane.kubeconfigPath, args);
});
afterAll(async () => {
  await run?.close();
});

async function dispatched(): Promise<number> {
  const { text } = await controlPlane.api.send({ method: "GET", path: "/metrics" });
  const series = `dispatched_requests_total{flow_schema="${NAME}",priority_level="${NAME}"}`;
  const line = text.split("\n").find((each) => each.startsWith(`apiserver_flowcontrol_${series} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

it.for(["agent", "controller"])(
  "requests of the %s are of a priority level of their own, so that a busy cluster does not starve them",
  async (component) => {
    const account = { namespace: RELEASE.namespace, name: `${NAME}-${component}` };
    const client = new ApiClient({
      ...controlPlane.api.access,
      token: await requestToken(controlPlane.api, undefined, account),
    });
    const isOfItsOwn = async (): Promise<true | undefined> => {
      const before = await dispatched();
      await client.get(`${API_PATH}/${POOL_RESOURCE}`);
      return (await dispatched()) > before ? true : undefined;
    };
    // The server sees to a new flow schema within a second or two.
    const what = "a request of the release's own priority level";
    expect(await waitFor(isOfItsOwn, { what, timeoutMs: 10_000 })).toBe(true);
    client.disconnect();
  },
);

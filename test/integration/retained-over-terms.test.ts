import { releasedLease } from "@cluster-ipam/allocator/testing";
import { API_PATH, type IPLease, LEASE_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ControlPlane } from "./src/control-plane.ts";
import { LocalController } from "./src/local-controller.ts";
import { Run } from "./src/run.ts";
import { leasedAddresses } from "./src/stored-objects.ts";
import { requireTools } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const DAY_SECONDS = 86_400;
const DAY_MS = 86_400_000;
const SOON_MS = 30_000;
const ADDRESS = "10.61.0.5";

let run: Run;
let controlPlane: ControlPlane;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run);
});
afterAll(() => run.close());

it("S15: an address that is retained for a week is free after one, though no leader leads for so long", async () => {
  const path = `${API_PATH}/${LEASE_RESOURCE}`;
  const retained = releasedLease(ADDRESS, { pool: "", keepSeconds: 7 * DAY_SECONDS });
  await controlPlane.api.ensure(path, JSON.stringify(retained));
  const first = await LocalController.start(run, controlPlane);
  first.clock.leap(4 * DAY_MS);
  const leftSeconds = async (): Promise<number | undefined> => {
    const { spec } = (await controlPlane.api.get(`${path}/${ADDRESS}`)) as IPLease;
    return spec.keepSeconds === 7 * DAY_SECONDS ? undefined : spec.keepSeconds;
  };
  const left = await waitFor(leftSeconds, { what: "what is left of the time to be written down", timeoutMs: SOON_MS });
  expect(left).toBeLessThanOrEqual(3 * DAY_SECONDS);
  expect(left).toBeGreaterThan(3 * DAY_SECONDS - 120);
  await first.close();

  const second = await LocalController.start(run, controlPlane);
  second.clock.leap(3 * DAY_MS - 3_600_000);
  await second.roundAfter(0);
  expect(await leasedAddresses(controlPlane)).toEqual([ADDRESS]);
  second.clock.leap(3_600_000);
  const isFree = async (): Promise<true | undefined> =>
    (await leasedAddresses(controlPlane)).length === 0 ? true : undefined;
  await waitFor(isFree, { what: "the address to be free", timeoutMs: SOON_MS });
  expect(await second.metric("kept_leases_ended_total")).toBe(1);
  await second.close();
});

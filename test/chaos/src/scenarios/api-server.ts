import type { Faulted, Scenario } from "../scenario.ts";

const WORK_MS = { min: 1_000, max: 4_000 } as const;
const MAX_ABSENCE_MS = 3_000;
/** Longer than a request to etcd may take before the server gives it up. */
const ETCD_PAUSE_MS = 15_000;

/** The API server is killed as by a power cut, and comes back. */
export const SERVER_KILLS: Scenario = {
  name: "API server killed",
  run: async (faulted) => {
    for (let kill = 0; kill < faulted.scale.serverKills; kill += 1) {
      await faulted.sleep(faulted.dice.between(WORK_MS.min, WORK_MS.max));
      await killServer(faulted);
    }
    await faulted.sleep(WORK_MS.max);
  },
};

/** etcd stops in its tracks, and goes on: what was sent to it meanwhile is then written. */
export const ETCD_PAUSES: Scenario = {
  name: "etcd stopped for 15 s",
  run: async (faulted) => {
    for (let pause = 0; pause < faulted.scale.etcdPauses; pause += 1) {
      await faulted.sleep(faulted.dice.between(WORK_MS.min, WORK_MS.max));
      await pauseEtcd(faulted, ETCD_PAUSE_MS);
    }
    await faulted.sleep(WORK_MS.max);
  },
};

/** Kills the API server; it is ready again when this resolves. */
export async function killServer({ cluster, dice, sleep }: Faulted): Promise<void> {
  const { server } = cluster.controlPlane;
  await server.kill();
  await sleep(dice.between(0, MAX_ABSENCE_MS));
  await server.restart();
}

/** Stops etcd for a while. */
export async function pauseEtcd({ cluster, sleep }: Faulted, timeMs: number): Promise<void> {
  const { etcd } = cluster.controlPlane;
  etcd.pause();
  try {
    await sleep(timeMs);
  } finally {
    etcd.resume();
  }
}

/** Makes the API server hang for a while: it takes connections and answers nothing. */
export async function pauseServer({ cluster, sleep }: Faulted, timeMs: number): Promise<void> {
  const { server } = cluster.controlPlane;
  server.pause();
  try {
    await sleep(timeMs);
  } finally {
    server.resume();
  }
}

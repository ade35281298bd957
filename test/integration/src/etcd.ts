import { join } from "node:path";
import { Daemon } from "./daemon.ts";
import type { Run } from "./run.ts";
import { toolPath } from "./tools.ts";

/** Where and how etcd runs. */
export interface EtcdOptions {
  /** The beginning of the command line; enters a namespace, or is empty. */
  readonly enter: readonly string[];
  readonly etcdPort: number;
  readonly peerPort: number;
  /** Whether a write reaches the disk before it is answered. */
  readonly isDurable: boolean;
}

/** Where the etcd of a run has its data. */
export function etcdFolder(run: Run): string {
  return join(run.folder, "etcd");
}

/**
 * Starts etcd on 127.0.0.1 with its data in the run's folder.
 *
 * Tests leave fsync out: it costs milliseconds a write on a slow disk, and buys what no test here needs, that data
 * outlive the machine's power. They do outlive etcd's own death, since the kernel keeps what was written. What measures
 * speed needs fsync for honest figures.
 */
export async function startEtcd(run: Run, options: EtcdOptions): Promise<Daemon> {
  const client = `http://127.0.0.1:${options.etcdPort}`;
  const peer = `http://127.0.0.1:${options.peerPort}`;
  const flags = [
    `--data-dir=${etcdFolder(run)}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--log-level=warn",
    ...(options.isDurable ? [] : ["--unsafe-no-fsync"]),
  ];
  return await Daemon.start(run, "etcd", {
    argv: [...options.enter, toolPath("etcd"), ...flags],
    env: {},
    logPath: join(run.folder, "etcd.log"),
  });
}

/**
 * Makes etcd forget every state but the present one, as it does by itself after some minutes under kube-apiserver.
 *
 * @param etcdPort - of an etcd on this machine.
 */
export async function compactEtcd(etcdPort: number): Promise<void> {
  // The key does not matter: the answer's header says where etcd is.
  const { header } = (await askEtcd(etcdPort, "range", { key: "AA==" })) as {
    readonly header: { readonly revision: string };
  };
  await askEtcd(etcdPort, "compaction", { revision: header.revision, physical: true });
}

/** Asks etcd's JSON gateway (etcd.io/docs/latest/dev-guide/api_grpc_gateway). */
async function askEtcd(etcdPort: number, verb: string, body: object): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${etcdPort}/v3/kv/${verb}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`etcd ${verb}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { cniEnvironment, type Run, toolPath } from "@cluster-ipam/test-integration";
import { NETWORK, nextAdd } from "./cni-subject.ts";
import { residentMegabytes } from "./process-status.ts";
import type { Target } from "./report.ts";

/** What the plugin takes on the disk, and in memory while it waits for its agent. */
export interface PluginFootprint {
  readonly fileMegabytes: number;
  readonly residentMegabytes: number;
}

const BYTES_PER_MB = 1_024 * 1_024;

/** Measures one ADD whose agent does not answer. */
export async function measurePlugin(run: Run): Promise<PluginFootprint> {
  const path = toolPath("cluster-ipam");
  const socketPath = join(run.folder, "silent.sock");
  const silent = createServer();
  silent.listen(socketPath);
  await once(silent, "listening");
  const call = nextAdd("/proc/self/ns/net", NETWORK);
  const env = { ...cniEnvironment(call), CLUSTER_IPAM_SOCKET: socketPath };
  const child = spawn(path, [], { env, stdio: ["pipe", "ignore", "ignore"] });
  child.stdin.end(JSON.stringify(call.config));
  const [socket] = (await once(silent, "connection")) as [Socket];
  await once(socket, "data");
  const resident = await residentMegabytes(child.pid ?? Number.NaN, "VmHWM");
  child.kill("SIGKILL");
  await once(child, "close");
  socket.destroy();
  silent.close();
  return { fileMegabytes: (await stat(path)).size / BYTES_PER_MB, residentMegabytes: resident };
}

/** The limits that these are held against. */
export function pluginTargets({ fileMegabytes, residentMegabytes: resident }: PluginFootprint): readonly Target[] {
  return [
    { what: "the plugin's file", measured: fileMegabytes, limit: 2.5, unit: "MB" },
    { what: "the plugin's resident memory", measured: resident, limit: 3, unit: "MB" },
  ];
}

import { spawn } from "node:child_process";
import { connect } from "node:net";
import { encodeHttpRequest } from "@cluster-ipam/cni";
import { type CniCall, cniEnvironment } from "@cluster-ipam/test-integration";

/** The network configuration that every measured ADD has. */
export const NETWORK = {
  cniVersion: "1.0.0",
  name: "bench",
  type: "macvlan",
  ipam: { type: "cluster-ipam", pool: "bench" },
};

/** The same for host-local, which keeps its leases in files under `dataDir`. */
export function hostLocalNetwork(dataDir: string): Readonly<Record<string, unknown>> {
  const ranges = [[{ subnet: "100.0.0.0/9" }]];
  return { cniVersion: "1.0.0", name: "bench", type: "macvlan", ipam: { type: "host-local", dataDir, ranges } };
}

let pods = 0;

/** An ADD of a pod that nobody has seen before; the pods share a network namespace, which no IPAM plugin enters. */
export function nextAdd(netns: string, config: Readonly<Record<string, unknown>>): CniCall {
  const name = `pod-${(pods += 1)}`;
  const pod = { namespace: "default", name, uid: name };
  return { command: "ADD", containerId: `container-${pods}`, netns, ifName: "net1", pod, config };
}

/** One ADD over the agent's socket, of a new pod in the measured network. */
export function addThroughSocket(socketPath: string, netns: string): Promise<void> {
  return callThroughSocket(socketPath, nextAdd(netns, NETWORK));
}

/** One call over the agent's socket, with the plugin's own framing: a connection of its own, read to its end. */
export function callThroughSocket(socketPath: string, call: CniCall): Promise<void> {
  const startedAt = process.hrtime.bigint().toString();
  const request = encodeHttpRequest({ startedAt, env: cniEnvironment(call), stdin: JSON.stringify(call.config) });
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(socketPath, () => socket.write(request));
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => (answer += chunk));
    socket.once("error", reject);
    socket.once("end", () => (answer.startsWith("HTTP/1.1 200 ") ? resolve() : reject(new Error(answer))));
  });
}

/** Runs a plugin as a main plugin would, and throws unless it succeeds. */
export function runPlugin(path: string, call: CniCall, env: Readonly<Record<string, string>> = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [], { env: { ...env, ...cniEnvironment(call) }, stdio: ["pipe", "pipe", "ignore"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${path} ended with ${code}: ${output}`)),
    );
    // A plugin that reads nothing may be gone before it is written to.
    child.stdin.once("error", () => undefined);
    child.stdin.end(JSON.stringify(call.config));
  });
}

// Runs inside a pod's network namespace: `echo-probe.ts NAME`. Answers each UDP packet with its own name, and sends one
// to each target that a line on standard input names. Runs until it is killed.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** A line of standard input. */
export interface EchoTask {
  readonly addresses: readonly string[];
  readonly timeoutMs: number;
}

/** The line of standard output that answers a task: who answered for which address. Who did not is missing. */
export type EchoReport = Readonly<Record<string, string>>;

/** The port of the echo protocol, RFC 862. */
const PORT = 7;
const QUESTION = "who are you?";
const POLL_MS = 5;

const [name = ""] = process.argv.slice(2);
const answers = new Map<string, string>();

async function listen(type: "udp4" | "udp6"): Promise<Socket> {
  const socket = createSocket({ type, ipv6Only: type === "udp6" });
  socket.on("message", (message, { address, port }) => {
    const text = message.toString();
    if (text === QUESTION) socket.send(name, port, address);
    else answers.set(address, text);
  });
  socket.bind(PORT);
  await once(socket, "listening");
  return socket;
}

async function perform(task: EchoTask): Promise<EchoReport> {
  answers.clear();
  for (const address of task.addresses) {
    // An address without a route is one that does not answer.
    (isIPv6(address) ? ipv6 : ipv4).send(QUESTION, PORT, address, () => undefined);
  }
  const endsAtMs = performance.now() + task.timeoutMs;
  while (answers.size < task.addresses.length && performance.now() < endsAtMs) await delay(POLL_MS);
  return Object.fromEntries(answers);
}

const ipv4 = await listen("udp4");
const ipv6 = await listen("udp6");
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const report = await perform(JSON.parse(line) as EchoTask);
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

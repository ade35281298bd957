import { connect, type Socket } from "node:net";
import type { ExchangeCall, ExchangeOutcome } from "@cluster-ipam/plugin";

const RETRY_EVERY_MS = 50;

/** Far more than any answer has: what sends more must not take the node's memory. */
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

/** Nobody listens yet, or (EAGAIN) so many are calling that the listener's queue is full: it is worth trying again. */
const RETRIED_CODES: readonly string[] = ["ENOENT", "ECONNREFUSED", "EAGAIN"];

/** One exchange over a unix socket; see Host.exchange for what holds. Never rejects. */
export async function exchange(call: ExchangeCall): Promise<ExchangeOutcome> {
  const startedAtMs = performance.now();
  const elapsedMs = () => performance.now() - startedAtMs;
  for (;;) {
    const outcome = await tryOnce(call, call.answerWithinMs - elapsedMs());
    const isOver = outcome.kind !== "unreachable" || !RETRIED_CODES.includes(outcome.reason);
    if (isOver || elapsedMs() + RETRY_EVERY_MS > call.connectForMs) return outcome;
    await new Promise((resolve) => setTimeout(resolve, RETRY_EVERY_MS));
  }
}

function tryOnce(call: ExchangeCall, withinMs: number): Promise<ExchangeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ path: call.path });
    const timer = setTimeout(() => settle({ kind: "timeout" }), withinMs);
    const settle = (outcome: ExchangeOutcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    converse(socket, call.request, settle);
  });
}

function converse(socket: Socket, request: string, settle: (outcome: ExchangeOutcome) => void): void {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  let isConnected = false;
  socket.on("connect", () => {
    isConnected = true;
    socket.write(request);
  });
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    receivedBytes += chunk.length;
    if (receivedBytes > ANSWER_MAX_BYTES) settle({ kind: "broken", reason: "EMSGSIZE" });
  });
  socket.on("end", () => settle({ kind: "answer", text: Buffer.concat(chunks).toString("utf8") }));
  socket.on("error", (error: NodeJS.ErrnoException) =>
    settle({ kind: isConnected ? "broken" : "unreachable", reason: error.code ?? error.message }),
  );
}

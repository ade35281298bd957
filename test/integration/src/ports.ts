import { once } from "node:events";
import { createServer } from "node:net";

/** Below the range that Linux takes the ports of outgoing connections from (32768 and up). */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const MAX_TRIES = 50;

/** Finds ports of 127.0.0.1 that nobody listens on; random ones, so that runs side by side rarely meet. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries === MAX_TRIES) throw new Error(`found ${found.size} free ports instead of ${count}`);
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

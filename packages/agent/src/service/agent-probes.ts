import { mkdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isObject } from "@cluster-ipam/cni";
import type { AgentHealth } from "../agent.ts";

/** An agent that takes longer for a word about itself does not serve calls either. */
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Whether plugins reach this process: what is asked is the path of the socket, as they do, and the answer must be this
 * process's own. A socket that was removed is made again soon (see `keepReachable`), one that was replaced is not.
 *
 * @param instance the name that the agent's server gives on `/healthz`
 * @returns what is wrong; nothing when all is well
 */
export async function findDeafness(socketPath: string, instance: string): Promise<readonly string[]> {
  try {
    const answer: unknown = JSON.parse(await askHealth(socketPath));
    if (isObject(answer) && answer["instance"] === instance) return [];
    return [`another process answers on ${socketPath}`];
  } catch (error) {
    return [`this process cannot be reached on ${socketPath}: ${messageOf(error)}`];
  }
}

/**
 * Whether the agent carries calls out, and can keep what a DEL asks for while the API server is away. That the server is
 * away is no reason: nobody else would serve the node better.
 *
 * @param health undefined before there is an agent
 * @returns what is wrong; nothing when all is well
 */
export async function findUnreadiness(
  health: Pick<AgentHealth, "isLoaded"> | undefined,
  { spoolFolder, isServing }: { readonly spoolFolder: string; readonly isServing: boolean },
): Promise<readonly string[]> {
  return [
    ...(isServing ? [] : ["the agent does not listen yet, or is shutting down"]),
    ...(health?.isLoaded === true ? [] : ["the node's leases have not been read yet"]),
    ...(await findSpoolFailure(spoolFolder)),
  ];
}

/** Whether a file can be written: a disk that is full takes the folder's entry and no byte. */
async function findSpoolFailure(folder: string): Promise<readonly string[]> {
  // The name of a draft, which nobody takes for a release.
  const probe = join(folder, `probe.${process.pid}.tmp`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(probe, "probe\n", { mode: 0o600 });
    return [];
  } catch (error) {
    return [`the spool cannot be written to: ${messageOf(error)}`];
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

async function askHealth(socketPath: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const asked = request({ socketPath, path: "/healthz", agent: false, signal, headers: { connection: "close" } });
  asked.once("error", reject);
  asked.once("response", (response) => void text(response).then(resolve, reject));
  asked.end();
  return promise;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SimulatedNode } from "@cluster-ipam/test-integration";

/** pino's number for "a human should look". */
const ERROR_LEVEL = 50;
/** What a disk that is full or read-only says. */
const DISK_ERRORS: readonly unknown[] = ["ENOSPC", "EROFS"];

/** The log of one node's agents, read on from where it was read last. */
export class AgentLog {
  readonly #node: SimulatedNode;
  #read = 0;

  constructor(node: SimulatedNode) {
    this.#node = node;
  }

  /** Takes the new lines that tell of a defect. */
  async takeDefects(): Promise<readonly string[]> {
    const text = await readFile(join(this.#node.run.folder, this.#node.name, "agent.log"), "utf8");
    const news = text.slice(this.#read);
    this.#read = text.length;
    return defectsIn(news);
  }
}

/**
 * Lines of a log that nothing which is done to agents here can explain: errors that are not a bad disk's, and lines of
 * another form, such as the words of a runtime about an exception. A line that a kill has cut off is no news.
 */
export function defectsIn(text: string): readonly string[] {
  return text.split("\n").filter((line) => {
    if (line === "") return false;
    try {
      const { level, err } = JSON.parse(line) as { readonly level?: number; readonly err?: { readonly code?: string } };
      return (level ?? 0) >= ERROR_LEVEL && !DISK_ERRORS.includes(err?.code);
    } catch {
      return !line.startsWith("{");
    }
  });
}

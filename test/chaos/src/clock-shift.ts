import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Run } from "@cluster-ipam/test-integration";

/** Everything that reads the wall clock in Node.js goes through Date; what measures time by it goes on as it does. */
function preload(shiftMs: number): string {
  return `"use strict";
const RealDate = Date;
globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    super(...(given.length === 0 ? [RealDate.now() + ${shiftMs}] : given));
  }
  static now() {
    return RealDate.now() + ${shiftMs};
  }
};
`;
}

/** A command that runs the Node.js program behind it with a wall clock so much ahead of the machine's. */
export async function clockShift(run: Run, shiftMs: number): Promise<readonly string[]> {
  const path = join(run.folder, `clock-${shiftMs}.cjs`);
  await writeFile(path, preload(shiftMs));
  return ["env", `NODE_OPTIONS=--require=${path}`];
}

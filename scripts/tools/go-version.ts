import { spawnSync } from "node:child_process";
import { Failure } from "../process/failure.ts";

/** The first Go that fetches a newer toolchain by itself when a go.mod asks for one. */
const MINIMUM_MINOR = 21;

/**
 * Checks that Go is there and new enough to build the test tools.
 *
 * @throws Failure that says how to get it.
 */
export function requireGo(): void {
  const { stdout } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  const minor = /^go1\.(\d+)/.exec(stdout ?? "")?.[1];
  if (minor !== undefined && Number(minor) >= MINIMUM_MINOR) return;
  const found = minor === undefined ? "Go is missing" : `Go 1.${minor} is too old`;
  throw new Failure(
    `test tools: ${found}: install Go 1.26 or newer from https://go.dev/dl and put its bin folder on PATH`,
  );
}

// Chooses the newest crates that the manifest allows, and keeps the choice in crates.lock.
import { join, resolve } from "node:path";
import { Failure, runMain } from "../process/failure.ts";
import { interruptSignal } from "../process/interrupt.ts";
import { runCargo } from "./cargo.ts";
import { keepCargoLock } from "./crate-lock.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const signal = interruptSignal();
await runMain(async () => {
  const onLine = (line: string): void => void process.stdout.write(`${line}\n`);
  const exitCode = await runCargo({ root: ROOT, args: ["update"], signal, onLine });
  if (exitCode !== 0) throw new Failure("crates: cargo update failed");
  keepCargoLock(join(ROOT, "cmd/cluster-ipam/native"));
}, signal);

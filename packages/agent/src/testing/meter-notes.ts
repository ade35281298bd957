import type { AgentMeter } from "../agent-meter.ts";

/** A meter that writes down what it is told, without durations. */
export class MeterNotes implements AgentMeter {
  readonly notes: string[] = [];

  callEnded(command: string, cniCode: number): void {
    this.notes.push(`${command} ${cniCode}`);
  }

  addressesSearched(conflicts: number): void {
    this.notes.push(`conflicts ${conflicts}`);
  }

  requestEnded(method: string, status: number): void {
    this.notes.push(`${method} ${status}`);
  }

  requestRetried(): void {
    this.notes.push("retried");
  }

  spoolFileSetAside(): void {
    this.notes.push("set aside");
  }

  spoolWriteFailed(): void {
    this.notes.push("not spooled");
  }

  reconciled(finding: string, isDryRun: boolean): void {
    this.notes.push(`${finding} ${isDryRun ? "dry-run" : "on"}`);
  }

  blockChanged(change: string): void {
    this.notes.push(`block ${change}`);
  }
}

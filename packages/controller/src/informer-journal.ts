import type { InformerMeter, ReadTrouble, WatchEnding } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";

/** Endings of a watch by which the server says no, or which are no server's. */
const REFUSALS: readonly WatchEnding["kind"][] = ["refused", "garbled"];

/**
 * Writes into the log what keeps the copy of one resource from being in step: a leader that lacks a permission does
 * nothing, and is healthy. Failures in a row are told once for each reason, since they are met again every few seconds.
 */
export class InformerJournal implements InformerMeter {
  readonly #resource: string;
  readonly #meter: InformerMeter;
  readonly #log: Logger;
  #toldRead = "";
  #toldWatch = "";

  /** @param meter is told of everything, too */
  constructor(resource: string, log: Logger, meter: InformerMeter) {
    this.#resource = resource;
    this.#log = log;
    this.#meter = meter;
  }

  listed(objects: number, durationMs: number): void {
    this.#meter.listed(objects, durationMs);
    this.#readAgain();
  }

  eventSeen(kind: Parameters<InformerMeter["eventSeen"]>[0]): void {
    this.#meter.eventSeen(kind);
    this.#watchedAgain();
  }

  readFailed(trouble: ReadTrouble, pauseMs: number): void {
    this.#meter.readFailed(trouble, pauseMs);
    const told = textOf(trouble);
    if (told === this.#toldRead) return;
    this.#toldRead = told;
    this.#log.warn({ resource: this.#resource, reason: told }, "list cannot be read and will be tried again");
  }

  watchEnded(ending: WatchEnding, pauseMs: number): void {
    this.#meter.watchEnded(ending, pauseMs);
    if (ending.kind === "closed") return this.#watchedAgain();
    const told = textOf(ending);
    if (!REFUSALS.includes(ending.kind) || told === this.#toldWatch) return;
    this.#toldWatch = told;
    this.#log.warn({ resource: this.#resource, reason: told }, "watch was refused and will be tried again");
  }

  handlerFailed(err: Error): void {
    this.#meter.handlerFailed(err);
    this.#log.error({ err, resource: this.#resource }, "change could not be taken in");
  }

  #readAgain(): void {
    if (this.#toldRead !== "") this.#log.info({ resource: this.#resource }, "list is read again");
    this.#toldRead = "";
  }

  /** Between two watches the server is asked for a page of the list. */
  #watchedAgain(): void {
    this.#readAgain();
    if (this.#toldWatch !== "") this.#log.info({ resource: this.#resource }, "watch goes on");
    this.#toldWatch = "";
  }
}

function textOf(trouble: WatchEnding): string {
  const text = "message" in trouble ? trouble.message : trouble.kind;
  return trouble.kind === "refused" ? `${trouble.status} ${text}`.trimEnd() : text;
}

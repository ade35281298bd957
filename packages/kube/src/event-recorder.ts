import { randomUUID } from "node:crypto";
import type { KubeClient } from "./kube-client.ts";
import type { KubeAnswer } from "./kube-request.ts";

/** What an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** "" for what is cluster-scoped; its events lie in the namespace `default`. */
  readonly namespace: string;
  readonly uid: string;
}

/** An event as its reporter tells it. */
export interface KubeEvent {
  readonly regarding: EventSubject;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

/** What an {@link EventRecorder} is made of. */
export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "request">;
  /** Such as `cluster-ipam.io/agent`. */
  readonly reportingController: string;
  /** Such as the name of the node. */
  readonly reportingInstance: string;
  /** Told of an event that could not be sent; must not throw. */
  readonly onLost: (event: KubeEvent, answer: KubeAnswer) => void;
  /** Milliseconds of a monotonic clock. */
  readonly nowMs?: () => number;
}

/**
 * An event costs etcd a write and an hour of room, and nobody reads a flood. Of many at once the first `burst` are sent,
 * then one in `everyMs`; the same one is not sent again within `repeatMs`; of what waits to be sent `waiting` are kept.
 */
const LIMIT = { burst: 25, everyMs: 10_000, repeatMs: 600_000, waiting: 50, remembered: 1_000 } as const;
const SEND_TIMEOUT_MS = 5_000;
/** Longest note that the API server takes, in bytes. */
const NOTE_MAX_BYTES = 1_024;
const CREATED = 201;

/**
 * Sends events of events.k8s.io/v1, one after the other and with one attempt each: best effort, beside whatever its
 * caller does.
 *
 * @example
 * recorder.tell({ regarding: pod, type: "Warning", reason: "Evicted", action: "Evict", note: "the node is full" });
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #nowMs: () => number;
  /** When which event was told last, oldest first. */
  readonly #toldAtMs = new Map<string, number>();
  readonly #waiting: KubeEvent[] = [];
  #allowance: number = LIMIT.burst;
  #allowedAtMs: number;
  #sending: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? ((): number => performance.now());
    this.#allowedAtMs = this.#nowMs();
  }

  /** Sends an event, if it is not one too many. Never throws, never waits. */
  tell(event: KubeEvent): void {
    if (this.#isRepeated(event) || this.#waiting.length >= LIMIT.waiting || !this.#isAllowed()) return;
    this.#waiting.push(event);
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when nothing waits to be sent. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) await this.#send(event);
    this.#sending = undefined;
  }

  async #send(event: KubeEvent): Promise<void> {
    const namespace = event.regarding.namespace || "default";
    const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    const body = JSON.stringify(this.#objectOf(event, namespace));
    const answer = await this.#options.client.request({ method: "POST", path, body, timeoutMs: SEND_TIMEOUT_MS });
    if (answer.kind === "failed" || answer.status !== CREATED) this.#options.onLost(event, answer);
  }

  #objectOf({ regarding, type, reason, action, note }: KubeEvent, namespace: string): object {
    const { reportingController, reportingInstance } = this.#options;
    const { namespace: own, ...subject } = regarding;
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: eventName(regarding.name), namespace },
      eventTime: new Date().toISOString().replace("Z", "000Z"),
      regarding: own === "" ? subject : regarding,
      type,
      reason,
      action,
      note: shortened(note),
      reportingController,
      reportingInstance,
    };
  }

  #isRepeated({ regarding, reason, note }: KubeEvent): boolean {
    const key = JSON.stringify([regarding, reason, note]);
    const nowMs = this.#nowMs();
    const lastMs = this.#toldAtMs.get(key);
    if (lastMs !== undefined && nowMs - lastMs < LIMIT.repeatMs) return true;
    this.#toldAtMs.delete(key);
    this.#toldAtMs.set(key, nowMs);
    const oldest = this.#toldAtMs.keys().next().value;
    if (this.#toldAtMs.size > LIMIT.remembered && oldest !== undefined) this.#toldAtMs.delete(oldest);
    return false;
  }

  #isAllowed(): boolean {
    const nowMs = this.#nowMs();
    this.#allowance = Math.min(LIMIT.burst, this.#allowance + (nowMs - this.#allowedAtMs) / LIMIT.everyMs);
    this.#allowedAtMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }
}

/** Longest name of a Kubernetes object. */
const NAME_MAX_LENGTH = 253;

function eventName(subject: string): string {
  const suffix = `.${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  return subject.slice(0, NAME_MAX_LENGTH - suffix.length) + suffix;
}

function shortened(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= NOTE_MAX_BYTES) return note;
  // A character that was cut is replaced by three bytes.
  return `${bytes.subarray(0, NOTE_MAX_BYTES - 6).toString()}…`.replace("\uFFFD", "");
}

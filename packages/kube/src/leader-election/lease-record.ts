import { ELECTION } from "./election-timing.ts";

/** An object of coordination.k8s.io/v1, as far as an election goes. */
export interface LeaseRecord {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Who leads; "" where nobody does. */
  readonly holder: string;
  /** For how long after a renewal nobody else may lead; never less than our own. */
  readonly durationMs: number;
  /** How often the lead has passed to another one. */
  readonly transitions: number;
  /** The whole object as the server gave it: what is not ours in it is sent back as it is. */
  readonly object: Readonly<Record<string, unknown>>;
}

/** What a write says of its holder. */
export interface Holding {
  /** "" gives the lead up. */
  readonly holder: string;
  /** The time of day, for people: nobody compares it with a clock. */
  readonly at: Date;
}

const API_VERSION = "coordination.k8s.io/v1";
const MS_PER_S = 1_000;

/** Reads a Lease from its JSON; undefined where the text is none, such as a gateway's page. */
export function decodeLease(text: string): LeaseRecord | undefined {
  const object = parseObject(text);
  const metadata = objectIn(object, "metadata");
  const [uid, resourceVersion] = [metadata["uid"], metadata["resourceVersion"]];
  if (object?.["kind"] !== "Lease" || !isText(uid) || !isText(resourceVersion)) return undefined;
  const spec = objectIn(object, "spec");
  const { holderIdentity: holder, leaseDurationSeconds: seconds, leaseTransitions: transitions } = spec;
  return {
    uid,
    resourceVersion,
    holder: isText(holder) ? holder : "",
    durationMs: Math.max(ELECTION.leaseDurationMs, typeof seconds === "number" ? seconds * MS_PER_S : 0),
    transitions: typeof transitions === "number" ? transitions : 0,
    object,
  };
}

/** The body of the POST that makes a Lease, held from the start. */
export function encodeNewLease(namespace: string, name: string, { holder, at }: Holding): string {
  const spec = { ...renewal(holder, at), acquireTime: microTime(at), leaseTransitions: 0 };
  return JSON.stringify({ apiVersion: API_VERSION, kind: "Lease", metadata: { namespace, name }, spec });
}

/** The body of the PUT that renews, takes or gives up the lead; it holds for the `record`'s uid and version alone. */
export function encodeLease(record: LeaseRecord, { holder, at }: Holding): string {
  const before = objectIn(record.object, "spec");
  const isTaken = holder !== "" && holder !== record.holder;
  const taking = isTaken ? { acquireTime: microTime(at), leaseTransitions: record.transitions + 1 } : {};
  return JSON.stringify({ ...record.object, spec: { ...before, ...renewal(holder, at), ...taking } });
}

function renewal(holder: string, at: Date): object {
  const leaseDurationSeconds = ELECTION.leaseDurationMs / MS_PER_S;
  return { holderIdentity: holder, leaseDurationSeconds, renewTime: microTime(at) };
}

/** The form of MicroTime of meta/v1, which takes no other number of digits. */
function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function objectIn(
  parent: Readonly<Record<string, unknown>> | undefined,
  key: string,
): Readonly<Record<string, unknown>> {
  const value = parent?.[key];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

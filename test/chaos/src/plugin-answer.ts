/** What came out of one run of the plugin. */
export type PluginEnd =
  | { readonly kind: "result"; readonly addresses: readonly string[] }
  | { readonly kind: "done" }
  | { readonly kind: "error"; readonly code: number; readonly text: string }
  /** It could not be started, or something ended it that was not its caller. */
  | { readonly kind: "not-run"; readonly reason: string }
  /** Its caller ended it: what it did nobody knows. */
  | { readonly kind: "killed" }
  | { readonly kind: "unanswered"; readonly reason: string }
  | { readonly kind: "malformed"; readonly reason: string };

/** Node.js reports the end by a signal without a status; the harness makes this of it. */
const ENDED_BY_SIGNAL = 128;

/** What a process left behind. */
export interface PluginOutput {
  readonly exitCode: number;
  readonly stdout: string;
}

/** What the answers of one network must look like. */
export interface AnswerForm {
  readonly cniVersion: string;
  /** Each must match one address of a result with its prefix length, and each address one of these. */
  readonly addresses: readonly RegExp[];
}

/**
 * Reads what the plugin printed, and holds it to the protocol: exactly one document on a result or an error, nothing on
 * the success of another verb.
 */
export function readPluginOutput(command: string, { exitCode, stdout }: PluginOutput, form: AnswerForm): PluginEnd {
  if (exitCode === ENDED_BY_SIGNAL) return { kind: "not-run", reason: "a signal ended it" };
  if (exitCode > 1) return { kind: "malformed", reason: `exit code ${exitCode}: ${stdout}` };
  if (exitCode === 0 && command !== "ADD") {
    return stdout === "" ? { kind: "done" } : { kind: "malformed", reason: `a ${command} printed ${stdout}` };
  }
  const document = parse(stdout);
  if (document === undefined) return { kind: "malformed", reason: `exit code ${exitCode} and no document: ${stdout}` };
  if (document["cniVersion"] !== form.cniVersion) return { kind: "malformed", reason: `another cniVersion: ${stdout}` };
  return exitCode === 0 ? readResult(document, form) : readError(document);
}

function readResult(document: Readonly<Record<string, unknown>>, form: AnswerForm): PluginEnd {
  const ips = Array.isArray(document["ips"]) ? (document["ips"] as readonly { readonly address?: unknown }[]) : [];
  const prefixes = ips.map(({ address }) => String(address));
  const isWhole =
    prefixes.length === form.addresses.length &&
    form.addresses.every((wanted) => prefixes.filter((prefix) => wanted.test(prefix)).length === 1);
  if (!isWhole) return { kind: "malformed", reason: `addresses that the network does not give: ${prefixes.join(" ")}` };
  return { kind: "result", addresses: prefixes.map((prefix) => prefix.replace(/\/.*$/, "")) };
}

function readError(document: Readonly<Record<string, unknown>>): PluginEnd {
  const { code, msg, details } = document;
  if (typeof code !== "number" || typeof msg !== "string" || msg === "") {
    return { kind: "malformed", reason: `an error without code and text: ${JSON.stringify(document)}` };
  }
  return { kind: "error", code, text: typeof details === "string" && details !== "" ? `${msg}: ${details}` : msg };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

/** What came out, in words: `gives 10.0.0.5`. */
export function describeEnd(end: PluginEnd): string {
  switch (end.kind) {
    case "result":
      return `gives ${end.addresses.join(" and ")}`;
    case "done":
      return "succeeds";
    case "killed":
      return "is killed by its caller";
    case "error":
      return `fails with code ${end.code}: ${end.text}`;
    case "not-run":
    case "unanswered":
    case "malformed":
      return `is ${end.kind}: ${end.reason}`;
  }
}

/** What the API server says in the body of an answer that is no success (`Status` of meta/v1). */
export interface KubeStatus {
  /** Machine-readable, such as `AlreadyExists`; "" where the answer is no Status. */
  readonly reason: string;
  /** The server's own sentence. */
  readonly message: string;
  /** Fields that the server complains about, as in `spec.address`. */
  readonly fields: readonly string[];
}

/** Longest part of an answer that is no Status, such as a gateway's HTML page, to be put into a message. */
const FOREIGN_TEXT_LENGTH = 200;

/** Reads the body of an answer that is no success, whatever it is. */
export function parseStatus(body: string): KubeStatus {
  const status = parseObject(body);
  if (status?.["kind"] !== "Status")
    return { reason: "", message: body.trim().slice(0, FOREIGN_TEXT_LENGTH), fields: [] };
  return { reason: textOf(status["reason"]), message: textOf(status["message"]), fields: fieldsOf(status["details"]) };
}

function fieldsOf(details: unknown): string[] {
  const causes = isObject(details) ? details["causes"] : undefined;
  if (!Array.isArray(causes)) return [];
  return causes.flatMap((cause: unknown) =>
    isObject(cause) && typeof cause["field"] === "string" ? [cause["field"]] : [],
  );
}

function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    // Not from the API server itself, or cut off: the text is all there is.
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

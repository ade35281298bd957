import { CATALOGUE, type CatalogueEntry, type ErrorCode } from "./catalogue.ts";

/**
 * An error that a caller of the plugin sees.
 *
 * `message` names the key, the value and the way out; `details` may add what helps a human.
 *
 * @example
 * throw new IpamError("bad-config", 'ipam.subnet "10.0.0.0/33" is not a CIDR: expected <address>/<0-32>');
 */
export class IpamError extends Error {
  override readonly name: string = "IpamError";
  readonly code: ErrorCode;
  readonly details: string;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown; readonly details?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? "";
  }

  /** The catalogue's row of this error. */
  get entry(): CatalogueEntry {
    return CATALOGUE[this.code];
  }

  /** Whether the same call may succeed later without anybody changing its input. */
  get retryable(): boolean {
    return this.entry.retryable;
  }

  /** `error` itself when it is an IpamError, else an `internal` one that wraps it. */
  static from(error: unknown): IpamError {
    if (error instanceof IpamError) return error;
    return new IpamError("internal", `unexpected error: ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    // An object without a usable toString.
    return Object.prototype.toString.call(error);
  }
}

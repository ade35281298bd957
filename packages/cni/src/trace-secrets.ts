import { isObject } from "./json-object.ts";

/** What stands in a trace where something is not for everybody's eyes. */
const HIDDEN = "(hidden)";

/** Names whose values are nobody's business; rather one too many than one too few. */
const SECRET_NAME = /pass|token|secret|psk|key|auth|credential/i;
/** `user:password@` of a URL. */
const USER_INFO = /(:\/\/)[^/?#\s@]+@/g;
/** Deeper than any network configuration. */
const DEPTH_LIMIT = 64;
/** Text that is no JSON is kept this far: enough to see what it is. */
const TEXT_LIMIT = 256;
/** Shorter values are not looked for elsewhere: they would be found in every second word. */
const SEARCHED_CHARACTERS = 4;

/** Takes secrets out of one call, and remembers them, so that its answer does not quote what its question hid. */
export class TraceSecrets {
  readonly #found = new Set<string>();

  /** The CNI variables, with the secrets of CNI_ARGS hidden. */
  hideInEnvironment(env: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
    const entries = Object.entries(env).filter(([name]) => name.startsWith("CNI_"));
    return Object.fromEntries(
      entries.map(([name, value]) => [
        name,
        name === "CNI_ARGS" ? this.#hideInArgs(value) : this.#hideMember(name, value, 0),
      ]),
    );
  }

  /** Standard input as JSON with its secrets hidden; text that is no JSON is cut, before anything that names a secret. */
  hideInStdin(stdin: string): unknown {
    try {
      return this.#hide(JSON.parse(stdin), 0);
    } catch {
      return cutText(stdin);
    }
  }

  /** What the call printed, without the secrets that the environment and standard input had. */
  hideInOutput(stdout: string): string {
    let shown = stdout;
    for (const secret of this.#found) {
      shown = shown.replaceAll(secret, HIDDEN).replaceAll(JSON.stringify(secret).slice(1, -1), HIDDEN);
    }
    return shown;
  }

  #hide(value: unknown, depth: number): unknown {
    if (typeof value === "string") return value.replaceAll(USER_INFO, `$1${HIDDEN}@`);
    if (typeof value !== "object" || value === null) return value;
    if (depth === DEPTH_LIMIT) return "(too deep)";
    if (Array.isArray(value)) return value.map((item) => this.#hide(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, this.#hideMember(name, member, depth + 1)]),
    );
  }

  #hideMember(name: string, value: unknown, depth: number): unknown {
    if (!SECRET_NAME.test(name)) return this.#hide(value, depth);
    this.#remember(value, depth);
    return HIDDEN;
  }

  #remember(value: unknown, depth: number): void {
    if (typeof value === "string" || typeof value === "number") {
      const text = String(value);
      if (text.length >= SEARCHED_CHARACTERS) this.#found.add(text);
    }
    if (depth === DEPTH_LIMIT || (!Array.isArray(value) && !isObject(value))) return;
    for (const member of Object.values(value)) this.#remember(member, depth + 1);
  }

  /** `KEY=VALUE;KEY=VALUE`. What stands behind a secret without a key of its own belongs to it. */
  #hideInArgs(args: string): string {
    let isHiding = false;
    const pairs = args.split(";").map((pair) => {
      const [name = "", ...rest] = pair.split("=");
      if (rest.length > 0) isHiding = SECRET_NAME.test(name);
      if (!isHiding) return String(this.#hide(pair, 0));
      this.#remember(rest.length > 0 ? rest.join("=") : pair, 0);
      return rest.length > 0 ? `${name}=${HIDDEN}` : HIDDEN;
    });
    return pairs.join(";");
  }
}

function cutText(text: string): string {
  const start = text.slice(0, TEXT_LIMIT);
  const named = SECRET_NAME.exec(start);
  const end = named?.index ?? start.length;
  const kept = start.slice(0, end).replaceAll(USER_INFO, `$1${HIDDEN}@`);
  return end === text.length ? kept : `${kept}(${text.length - end} characters left out)`;
}

import { isObject, SHOWN_CHARACTERS } from "./json-object.ts";

/** What stands in a trace where something is not for everybody's eyes. */
const HIDDEN = "(hidden)";

/** Names that hold one of these have values that are nobody's business; rather one too many than one too few. */
const WORDS = "pass|pwd|token|secret|psk|key|auth|credential|bearer|cookie";
const SECRET_NAME = new RegExp(WORDS, "i");
/** The same in a text that is no JSON, where a name may be written in escapes. */
const SECRET_START = new RegExp(String.raw`${WORDS}|\\u`, "i");
/** `--token` in a list, with its value as the next item. */
const SECRET_FLAG = new RegExp(String.raw`^--?[\w.-]*(?:${WORDS})[\w.-]*$`, "i");
/** `password=…`, `"token": "…"` or `Authorization: Bearer …` inside a text; bounded, so that no text takes long. */
const ASSIGNMENT = new RegExp(
  String.raw`((?:${WORDS})[\w.-]{0,64}["']?\s{0,8}[=:]\s{0,8}["']?(?:(?:bearer|basic)\s{1,8})?)([^\s"',;&]+)`,
  "gi",
);
/** What names the `value` beside it: `{"name":"DB_PASSWORD","value":"…"}`. */
const NAMING_MEMBER = /^(?:name|key)$/i;
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
    // The longest first: one may begin with another.
    const forms = [...this.#found].flatMap(quotedForms).toSorted((a, b) => b.length - a.length);
    return forms.reduce((shown, form) => shown.replaceAll(form, HIDDEN), stdout);
  }

  #hide(value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.#hideInText(value, depth);
    if (typeof value !== "object" || value === null) return value;
    if (depth === DEPTH_LIMIT) return "(too deep)";
    if (Array.isArray(value)) return this.#hideInList(value, depth + 1);
    const members = Object.entries(value);
    const isNamed = members.some(([name, member]) => NAMING_MEMBER.test(name) && SECRET_NAME.test(String(member)));
    return Object.fromEntries(
      members.map(([name, member]) => {
        const isSecret = isNamed && name.toLowerCase() === "value";
        return [name, this.#hideMember(isSecret ? "secret" : name, member, depth + 1)];
      }),
    );
  }

  #hideInList(list: readonly unknown[], depth: number): unknown[] {
    return list.map((item, index) => {
      const before = list[index - 1];
      const isSecret = typeof before === "string" && SECRET_FLAG.test(before);
      return isSecret ? this.#hideMember("secret", item, depth) : this.#hide(item, depth);
    });
  }

  /** A text may be a document of its own, or hold a URL or an assignment. */
  #hideInText(text: string, depth: number): string {
    if (/^\s*[[{]/.test(text) && depth < DEPTH_LIMIT) {
      try {
        return JSON.stringify(this.#hide(JSON.parse(text), depth + 1));
      } catch {
        // No document: what it assigns is found below.
      }
    }
    const assigned = text.replaceAll(ASSIGNMENT, (_, name: string, value: string) => {
      this.#remember(value, DEPTH_LIMIT);
      return name + HIDDEN;
    });
    return assigned.replaceAll(USER_INFO, `$1${HIDDEN}@`);
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

/** How an answer may quote a secret: as it is, as JSON has it, once or in a text of its own, and cut. */
function quotedForms(secret: string): string[] {
  const texts = secret.length > SHOWN_CHARACTERS ? [secret, secret.slice(0, SHOWN_CHARACTERS)] : [secret];
  return texts.flatMap((text) => {
    const once = JSON.stringify(text).slice(1, -1);
    return [text, once, JSON.stringify(once).slice(1, -1)];
  });
}

function cutText(text: string): string {
  const start = text.slice(0, TEXT_LIMIT);
  const named = SECRET_START.exec(start);
  const end = named?.index ?? start.length;
  const kept = start.slice(0, end).replaceAll(USER_INFO, `$1${HIDDEN}@`);
  return end === text.length ? kept : `${kept}(${text.length - end} characters left out)`;
}

import type { BootTime, ExchangeCall, ExchangeOutcome, Host } from "../host.ts";

/** A network configuration that decodes. */
export const CONFIG = '{"cniVersion":"1.1.0","name":"lan"}';
/** The result of an ADD. */
export const RESULT = '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/24"}]}';

/** A host in memory: it answers as told, and remembers what happened in order. */
export class FakeHost implements Host {
  readonly steps: string[] = [];
  readonly calls: ExchangeCall[] = [];
  /** Milliseconds since files were written last. */
  readonly ages: Map<string, number> = new Map();
  readonly files: Map<string, string> = new Map();
  stdout = "";
  stderr = "";
  readonly #env: Readonly<Record<string, string>>;
  readonly #stdin: string;
  readonly #outcome: ExchangeOutcome;

  constructor(
    env: Readonly<Record<string, string>>,
    stdin: string = CONFIG,
    outcome: ExchangeOutcome = answer(200, RESULT),
  ) {
    this.#env = env;
    this.#stdin = stdin;
    this.#outcome = outcome;
  }

  readStdin(): string {
    this.steps.push("readStdin");
    return this.#stdin;
  }

  env(): Readonly<Record<string, string>> {
    this.steps.push("env");
    return this.#env;
  }

  exchange(call: ExchangeCall): ExchangeOutcome | Promise<ExchangeOutcome> {
    this.steps.push("exchange");
    this.calls.push(call);
    return this.#outcome;
  }

  write(stream: "stdout" | "stderr", text: string): void {
    this.steps.push(`write ${stream}`);
    this[stream] += text;
  }

  fileAgeMs(path: string): number | undefined {
    return this.ages.get(path);
  }

  writeFile(path: string, text: string): void {
    this.steps.push("writeFile");
    this.files.set(path, text);
  }

  readFile(path: string): string | undefined {
    this.steps.push("readFile");
    return this.files.get(path);
  }

  appendFile(path: string, text: string, maxBytes: number): void {
    this.steps.push(`appendFile up to ${maxBytes}`);
    this.files.set(path, (this.files.get(path) ?? "") + text);
  }

  bootTime(): BootTime {
    this.steps.push("bootTime");
    return { ns: 9_007_199_254_740_993n, bootId: "b0071d", epochMs: 1_771_000_000_000 };
  }
}

/** An answer of the agent. */
export function answer(status: number, body: string): ExchangeOutcome {
  // There is no Buffer here: each escape and each plain letter is a byte of UTF-8.
  const length = encodeURIComponent(body).replaceAll(/%../g, "x").length;
  const head = `HTTP/1.1 ${status} X\r\nContent-Length: ${length}\r\nConnection: close`;
  return { kind: "answer", text: `${head}\r\n\r\n${body}` };
}

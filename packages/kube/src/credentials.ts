import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { type Access, readAccess } from "./access.ts";
import type { ConfigSource } from "./config-source.ts";

/** How long an answer of the KubeConfig is used before it is asked again, which costs a few file reads. */
const LIFETIME_MS = 10_000;

/** Credentials of one configuration, computed at most every ten seconds and by one caller at a time. */
export class Credentials {
  readonly #source: ConfigSource;
  readonly #nowMs: () => number;
  #config: KubeConfig;
  #access: Access | undefined;
  #readAtMs = 0;
  #reading: Promise<Access> | undefined;

  /** @param nowMs a monotonic clock */
  constructor(source: ConfigSource, config: KubeConfig, nowMs: () => number) {
    this.#source = source;
    this.#config = config;
    this.#nowMs = nowMs;
  }

  /** What to use now: at once while it is fresh, since every request asks. */
  current(): Access | Promise<Access> {
    if (this.#access !== undefined && this.#nowMs() - this.#readAtMs < LIFETIME_MS) return this.#access;
    return this.#read();
  }

  /**
   * What to use after the server has not accepted `refused`: the whole configuration is read again, since KubeConfig
   * keeps tokens of files and exec plugins longer than the server may accept them.
   */
  async renewed(refused: Access): Promise<Access> {
    // Of many requests that were refused at once only the first renews.
    if (this.#access === refused && this.#reading === undefined) {
      this.#config = this.#source();
      this.#access = undefined;
    }
    return this.current();
  }

  #read(): Promise<Access> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<Access> {
    const access = await readAccess(this.#config);
    this.#access = access;
    this.#readAtMs = this.#nowMs();
    return access;
  }
}

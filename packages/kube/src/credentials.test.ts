import { describe, expect, it } from "vitest";
import type { ConfigSource } from "./config-source.ts";
import { Credentials } from "./credentials.ts";
import { configSource } from "./testing/index.ts";

/** A configuration whose token counts how often it was computed, and whose loads are counted too. */
function counted(): { source: ConfigSource; counts: { loads: number; computed: number } } {
  const counts = { loads: 0, computed: 0 };
  const source = (): ReturnType<ConfigSource> => {
    counts.loads += 1;
    const config = configSource({ server: "https://one" }, { "auth-provider": { name: "counter" } })();
    config.addAuthenticator({
      isAuthProvider: () => true,
      applyAuthentication: async (_user, options) => {
        counts.computed += 1;
        options.headers = { Authorization: `Bearer ${counts.computed}` };
      },
    });
    return config;
  };
  return { source, counts };
}

describe("Credentials", () => {
  it("are computed once in ten seconds", async () => {
    const { source, counts } = counted();
    let nowMs = 0;
    const credentials = new Credentials(source, source(), () => nowMs);
    const first = await credentials.current();
    nowMs = 9_999;
    // Not even a promise: this is asked for on every request.
    expect(credentials.current()).toBe(first);
    nowMs = 10_000;
    expect((await credentials.current()).headers).toEqual(["Authorization", "Bearer 2"]);
    expect(counts).toEqual({ loads: 1, computed: 2 });
  });

  it("are computed by one caller at a time", async () => {
    const { source, counts } = counted();
    const credentials = new Credentials(source, source(), () => 0);
    await Promise.all([credentials.current(), credentials.current(), credentials.current()]);
    expect(counts.computed).toBe(1);
  });

  it("are computed again after a failure", async () => {
    const { source } = counted();
    let isBroken = true;
    const config = source();
    const original = config.applyToHTTPSOptions.bind(config);
    config.applyToHTTPSOptions = (options) => (isBroken ? Promise.reject(new Error("no file")) : original(options));
    const credentials = new Credentials(source, config, () => 0);
    await expect(credentials.current()).rejects.toThrow("no file");
    isBroken = false;
    expect((await credentials.current()).headers).toEqual(["Authorization", "Bearer 1"]);
  });

  it("that were refused come from a configuration that is read anew", async () => {
    const { source, counts } = counted();
    const credentials = new Credentials(source, source(), () => 0);
    const refused = await credentials.current();
    const renewed = await credentials.renewed(refused);
    expect(renewed.headers).toEqual(["Authorization", "Bearer 2"]);
    expect(counts.loads).toBe(2);
    // Who was refused with the earlier ones gets what is there by now.
    expect(await credentials.renewed(refused)).toBe(renewed);
    expect(counts.loads).toBe(2);
  });
});

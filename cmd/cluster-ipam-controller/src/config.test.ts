import { hostname } from "node:os";
import { UsageError } from "@cluster-ipam/command-line";
import { describe, expect, test } from "vitest";
import { parseConfig } from "./config.ts";

test("nothing must be given", () => {
  expect(parseConfig([])).toEqual({
    kubeconfig: undefined,
    election: { namespace: "kube-system", name: "cluster-ipam-controller" },
    identity: hostname(),
    logLevel: "info",
    nearlyFullPercent: 90,
    garbage: { mode: "on", maxPercent: 50, inlinePoolIdleMs: 86_400_000, lostNodeGraceMs: 300_000 },
    consistency: { intervalMs: 3_600_000 },
    checkAddress: undefined,
    metricsAddress: undefined,
  });
});

test("every flag is taken, with its value behind it or behind an equals sign", () => {
  const election = ["--leader-election-namespace", "net-1", "--leader-election-name=ipam.lead"];
  const others = [
    "--kubeconfig=/k",
    "--identity",
    "pod-0",
    "--log-level=debug",
    "--nearly-full-percent=75",
    "--garbage-collection=dry-run",
    "--garbage-max-percent=5",
    "--inline-pool-idle-hours=0",
    "--lost-node-grace-seconds=5",
    "--consistency-check-interval=90s",
    "--check-address=127.0.0.1:9810",
    "--metrics-address",
    "[::]:9809",
  ];
  expect(parseConfig([...election, ...others])).toEqual({
    kubeconfig: "/k",
    election: { namespace: "net-1", name: "ipam.lead" },
    identity: "pod-0",
    logLevel: "debug",
    nearlyFullPercent: 75,
    garbage: { mode: "dry-run", maxPercent: 5, inlinePoolIdleMs: undefined, lostNodeGraceMs: 5_000 },
    consistency: { intervalMs: 90_000 },
    checkAddress: { host: "127.0.0.1", port: 9_810 },
    metricsAddress: { host: "::", port: 9_809 },
  });
});

test.each([
  ["0", undefined],
  ["1s", 1_000],
  ["30m", 1_800_000],
  ["48h", 172_800_000],
])("between checks are %s: %s ms", (text, intervalMs) => {
  expect(parseConfig([`--consistency-check-interval=${text}`]).consistency).toEqual({ intervalMs });
});

describe("a command line is refused, with the flag, its value and what is expected,", () => {
  const namespace = "expected the name of a namespace";
  const name = "expected the name of an object";
  const identity = "expected letters, digits and any of _ . : @ -";
  test.each<readonly [string, string, string]>([
    ["kubeconfig", "k", "expected an absolute path"],
    ["leader-election-namespace", "", namespace],
    ["leader-election-namespace", "Net", namespace],
    ["leader-election-namespace", "a.b", namespace],
    ["leader-election-namespace", "a/b", namespace],
    ["leader-election-namespace", "n".repeat(64), namespace],
    ["leader-election-name", "", name],
    ["leader-election-name", "-a", name],
    ["leader-election-name", "n".repeat(254), name],
    ["identity", "", identity],
    ["identity", "a b", identity],
    ["identity", "i".repeat(254), identity],
    ["log-level", "loud", "expected one of debug, info, warn, error, silent"],
    ["nearly-full-percent", "0", "expected a whole number from 1 to 100"],
    ["nearly-full-percent", "101", "expected a whole number from 1 to 100"],
    ["nearly-full-percent", "9.5", "expected a whole number from 1 to 100"],
    ["garbage-collection", "yes", "expected one of off, dry-run, on"],
    ["garbage-max-percent", "0", "expected a whole number from 1 to 100"],
    ["inline-pool-idle-hours", "-1", "expected a whole number of hours from 0 to 9999"],
    ["inline-pool-idle-hours", "1.5", "expected a whole number of hours from 0 to 9999"],
    ["consistency-check-interval", "1", "expected a time such as 90s, 30m or 1h, or 0"],
    ["consistency-check-interval", "0h", "expected a time such as 90s, 30m or 1h, or 0"],
    ["consistency-check-interval", "1d", "expected a time such as 90s, 30m or 1h, or 0"],
    ["check-address", "9810", "expected an address and a port, such as 127.0.0.1:9809 or [::]:9809"],
    ["metrics-address", "9809", "expected an address and a port, such as 127.0.0.1:9809 or [::]:9809"],
  ])('--%s is "%s"', (flag, value, expected) => {
    expect(() => parseConfig([`--${flag}=${value}`])).toThrow(new UsageError(`--${flag} is "${value}": ${expected}`));
  });

  test.each([
    ["an unknown flag", ["--verbose"], "--verbose"],
    ["a flag without its value", ["--identity"], "--identity"],
    ["a word that belongs to no flag", ["now"], "now"],
  ])("with %s", (_, args, fragment) => {
    expect(() => parseConfig(args)).toThrow(UsageError);
    expect(() => parseConfig(args)).toThrow(fragment);
  });
});

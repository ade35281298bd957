import { NodeAddresses } from "@cluster-ipam/agent";
import { UsageError } from "@cluster-ipam/command-line";
import { describe, expect, test } from "vitest";
import { parseConfig } from "./config.ts";

const NODE = ["--node-name", "n1"];
const NODE_NAME_EXPECTED = "expected the name of the Node object that the agent runs on";

test("the node's name is all that must be given", () => {
  expect(parseConfig(NODE)).toEqual({
    nodeName: "n1",
    kubeconfig: undefined,
    socket: "/run/cluster-ipam/agent.sock",
    stateDir: "/var/lib/cluster-ipam",
    logLevel: "info",
    kernelCommandLine: "/proc/cmdline",
    nodeAddresses: new NodeAddresses([]),
    traceFile: undefined,
    metricsAddress: undefined,
    reconcile: "on",
    inlinePools: "allow",
  });
});

test("every flag is taken, with its value behind it or behind an equals sign", () => {
  const args = ["--node-name=n2", "--kubeconfig", "/k", "--socket=/s", "--state-dir", "/d", "--log-level=debug"];
  const facts = ["--kernel-cmdline", "/c", "--node-ip=10.0.0.5,fd00::5", "--reconcile=dry-run", "--inline-pools=deny"];
  const watching = ["--trace-file", "/t", "--metrics-address=127.0.0.1:9808"];
  expect(parseConfig([...args, ...facts, ...watching])).toEqual({
    nodeName: "n2",
    kubeconfig: "/k",
    socket: "/s",
    stateDir: "/d",
    logLevel: "debug",
    kernelCommandLine: "/c",
    nodeAddresses: NodeAddresses.parse("10.0.0.5,fd00::5"),
    traceFile: "/t",
    metricsAddress: { host: "127.0.0.1", port: 9_808 },
    reconcile: "dry-run",
    inlinePools: "deny",
  });
});

test.each([
  ["0.0.0.0:0", { host: "0.0.0.0", port: 0 }],
  ["[::1]:65535", { host: "::1", port: 65_535 }],
  ["[::ffff:10.0.0.1]:1", { host: "::ffff:10.0.0.1", port: 1 }],
  ["localhost:80", { host: "localhost", port: 80 }],
])("metrics may be served on %s", (text, address) => {
  expect(parseConfig([...NODE, "--metrics-address", text]).metricsAddress).toEqual(address);
});

test.each(["debug", "info", "warn", "error", "silent"])("the log level may be %s", (level) => {
  expect(parseConfig([...NODE, "--log-level", level]).logLevel).toBe(level);
});

test("the longest socket path that leaves room for the process ID is taken", () => {
  const path = `/${"é".repeat(47)}x`;
  expect(Buffer.byteLength(path)).toBe(96);
  expect(parseConfig([...NODE, "--socket", path]).socket).toBe(path);
});

describe("a command line is refused, with the flag, its value and what is expected,", () => {
  test.each<readonly [string, readonly string[], string]>([
    ["without a node name", [], `--node-name is missing: ${NODE_NAME_EXPECTED}`],
    ["with an empty node name", ["--node-name="], `--node-name is "": ${NODE_NAME_EXPECTED}`],
    ["with a relative kubeconfig", [...NODE, "--kubeconfig", "k"], '--kubeconfig is "k": expected an absolute path'],
    ["with an empty kubeconfig", [...NODE, "--kubeconfig="], '--kubeconfig is "": expected an absolute path'],
    [
      "with a mode of reconciliation that there is not",
      [...NODE, "--reconcile=yes"],
      '--reconcile is "yes": expected one of off, dry-run, on',
    ],
    ["with a relative socket", [...NODE, "--socket", "s"], '--socket is "s": expected an absolute path'],
    ["with a relative state folder", [...NODE, "--state-dir", "."], '--state-dir is ".": expected an absolute path'],
    [
      "with a relative command line",
      [...NODE, "--kernel-cmdline=c"],
      '--kernel-cmdline is "c": expected an absolute path',
    ],
    ...["10.0.0.5,", "10.0.0.5 fd00::5", "10.0.0.5/24", "n1"].map(
      (text) =>
        [
          `with the node's address ${text}`,
          [...NODE, "--node-ip", text],
          `--node-ip is "${text}": expected the node's addresses with commas between them, such as 10.0.0.5,fd00::5`,
        ] as const,
    ),
    ["with a relative trace file", [...NODE, "--trace-file=t"], '--trace-file is "t": expected an absolute path'],
    ...["9808", ":9808", "::1:9808", "10.0.0.5", "10.0.0.5:65536", "10.0.0.5:x", "http://10.0.0.5:80", ""].map(
      (text) =>
        [
          `with metrics on ${text}`,
          [...NODE, "--metrics-address", text],
          `--metrics-address is "${text}": expected an address and a port, such as 127.0.0.1:9808 or [::]:9808`,
        ] as const,
    ),
    [
      "with an unknown level",
      [...NODE, "--log-level", "loud"],
      '--log-level is "loud": expected one of debug, info, warn, error, silent',
    ],
    [
      "a policy that there is not",
      [...NODE, "--inline-pools=no"],
      '--inline-pools is "no": expected one of allow, deny',
    ],
  ])("%s", (_, args, message) => {
    expect(() => parseConfig(args)).toThrow(new UsageError(message));
  });

  test("with a socket path that the kernel does not take, counted in bytes", () => {
    const path = `/${"é".repeat(48)}`;
    const message = `--socket is "${path}": expected at most 96 bytes: the kernel takes no longer path for a unix socket`;
    expect(() => parseConfig([...NODE, "--socket", path])).toThrow(new UsageError(message));
  });

  test.each([
    ["an unknown flag", [...NODE, "--verbose"], "--verbose"],
    ["a flag without its value", ["--node-name"], "--node-name"],
    ["a word that belongs to no flag", [...NODE, "now"], "now"],
  ])("with %s", (_, args, fragment) => {
    expect(() => parseConfig(args)).toThrow(UsageError);
    expect(() => parseConfig(args)).toThrow(fragment);
  });
});

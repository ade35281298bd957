import { type Command, SUPPORTED_VERSIONS, type WireRequest } from "@cluster-ipam/cni";
import fc from "fast-check";
import { mutationsOf } from "./json-mutations.ts";

const RANGE = { subnet: "10.5.0.0/24", rangeStart: "10.5.0.10", rangeEnd: "10.5.0.20", gateway: "10.5.0.1" };
const ROUTES = [{ dst: "10.9.0.0/16" }, { dst: "10.8.0.0/16", gw: "10.5.0.9", mtu: 1400, table: 7 }];
const DNS = { nameservers: ["10.5.0.53"], domain: "lab", search: ["lab"], options: ["ndots:2"] };

/** Sections as people have them, of every dialect. */
const SECTIONS: readonly object[] = [
  {},
  { pool: "lan" },
  { pools: ["lan", "wan"], routes: ROUTES, dns: DNS },
  { ...RANGE, routes: [{ dst: "0.0.0.0/0" }], dataDir: "/var/lib/cni", resolvConf: "/etc/resolv.conf" },
  { ranges: [[RANGE], [{ subnet: "fd05::/64", gateway: "fd05::1" }]], routes: [...ROUTES, { dst: "fd09::/48" }] },
  { ranges: [[RANGE, { subnet: "10.6.0.0/16" }]], addressSpace: "blue" },
  { range: "10.5.0.10-10.5.0.20/24", exclude: ["10.5.0.12", "10.5.0.16/30"], gateway: "10.5.0.1" },
  { range: "10.5.0.0/24", range_start: "10.5.0.10", range_end: "10.5.0.20", network_name: "blue" },
  { ipRanges: [{ range: "10.5.0.0/24" }, { range: "fd05::/64", exclude: ["fd05::/120"] }], log_level: "debug" },
  {
    addresses: [{ address: "10.5.0.30/24", gateway: "10.5.0.1" }, { address: "fd05::30/64" }],
    routes: ROUTES,
    dns: DNS,
  },
  { index: 3 },
  { index: { base: "10.5.0.10/24", pattern: "web-([0-9]+)" } },
  { index: { base: "node" } },
  { index: { base: "cmdline", pattern: "([0-9]+)$" }, dns: DNS },
  { ...RANGE, strategy: "Sequential" },
  { ...RANGE, strategy: "Index", index: 2 },
];

const ENVIRONMENT = { CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/c1", CNI_IFNAME: "net1", CNI_PATH: "/opt/cni/bin" };
const POD_ARGS = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-3;K8S_POD_UID=uid-web-3";

/** Pairs of CNI_ARGS, with a blank between them. */
const PAIRS = `
  IP=10.5.0.15 IP=10.5.0.15/24 IP= IP=fd05::15,10.5.0.15 IP=10.5.0.999 GATEWAY=10.5.0.9 GATEWAY=x MAC=02:00:00:00:00:01
  IgnoreUnknown=0 IgnoreUnknown=maybe COLOUR=blue K8S_POD_NAME= K8S_POD_NAME=no-number
  K8S_POD_NAME=web-99999999999999999999 = a=b=c IP __proto__=x`;

/** Network configurations that are right, or nearly so. */
function configs(): fc.Arbitrary<object> {
  const version = fc.oneof(
    { arbitrary: fc.constantFrom(...SUPPORTED_VERSIONS), weight: 20 },
    fc.constantFrom("1.1.0-rc1", "1.2.0", "1.1", "v1.0.0", ""),
  );
  const extras = fc.constantFrom<object>(
    {},
    {},
    { runtimeConfig: { ips: ["10.5.0.15"] } },
    { runtimeConfig: { ips: ["10.5.0.15/24", "fd05::15"] }, args: { cni: { ips: ["10.5.0.16"] } } },
    { prevResult: { ips: [{ address: "10.5.0.15/24" }], interfaces: [{ name: "net1" }], routes: ROUTES } },
    { "cni.dev/valid-attachments": [{ containerID: "c1", ifname: "net1" }] },
  );
  return fc
    .tuple(version, mutationsOf(SECTIONS, 2), extras)
    .map(([cniVersion, ipam, more]) => ({
      cniVersion,
      name: "lan",
      type: "macvlan",
      ipam: { type: "cluster-ipam", ...ipam },
      ...more,
    }))
    .chain((config) => mutationsOf([config], 1));
}

/** Texts for standard input: nearly always a configuration, seldom one that is damaged, or anything at all. */
function inputs(): fc.Arbitrary<string> {
  const text = configs().map((config) => JSON.stringify(config));
  const damaged = fc
    .tuple(text, fc.nat(), fc.string({ maxLength: 2 }))
    .map(([whole, at, piece]) => whole.slice(0, at % whole.length) + piece + whole.slice((at % whole.length) + 1));
  const anything = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.constant(""));
  return fc.oneof({ arbitrary: text, weight: 20 }, damaged, anything);
}

/** CNI_ARGS as runtimes and people write them. */
function cniArgs(): fc.Arbitrary<string> {
  const pair = fc.constantFrom(...PAIRS.trim().split(/\s+/), "", `K8S_POD_NAME=${"x".repeat(2_000)}`);
  const pairs = fc.array(fc.oneof({ arbitrary: pair, weight: 9 }, fc.string({ unit: "binary" })), { maxLength: 3 });
  return fc.oneof(
    { arbitrary: fc.constant(POD_ARGS), weight: 12 },
    { arbitrary: pairs.map((more) => [POD_ARGS, ...more].join(";")), weight: 4 },
    pairs.map((all) => all.join(";")),
  );
}

/** Calls of every verb as the plugin sends them, most of them right but for a little. */
export function nearMissCalls(): fc.Arbitrary<WireRequest> {
  const command = fc.constantFrom<Command>(
    ...Array.from({ length: 9 }, () => "ADD" as const),
    "DEL",
    "CHECK",
    "STATUS",
    "GC",
  );
  const slip = fc.oneof(
    fc.constantFrom("", "-", ".", "..", "net1", "a/b", "a b", "eth0:1", "x".repeat(16), "CHECK", "VERSION", "add"),
    fc.string({ unit: "binary" }),
  );
  const variable = fc.constantFrom("CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS");
  const slips = fc.oneof({ arbitrary: fc.constant({}), weight: 20 }, fc.dictionary(variable, slip, { maxKeys: 2 }));
  const startedAt = fc.oneof({ arbitrary: fc.constant("1000"), weight: 20 }, fc.string(), fc.bigInt().map(String));
  return fc
    .record({ command, stdin: inputs(), args: cniArgs(), slips, startedAt })
    .map(({ command: CNI_COMMAND, stdin, args: CNI_ARGS, slips: wrong, startedAt: start }) => ({
      startedAt: start,
      env: { ...ENVIRONMENT, CNI_COMMAND, CNI_ARGS, ...wrong },
      stdin,
    }));
}

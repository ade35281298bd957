import type { PoolChoice } from "@cluster-ipam/allocator";
import { expect, test } from "vitest";
import { NO_FIXED, noFile, readTestSection } from "./testing/test-section.ts";

test("the section of a host-local NAD means the same with nothing but its type changed", () => {
  const reading = readTestSection({
    type: "cluster-ipam",
    subnet: "172.16.1.0/24",
    rangeStart: "172.16.1.200",
    rangeEnd: "172.16.1.246",
    routes: [{ dst: "10.9.0.0/16" }],
    gateway: "",
  });
  expect(reading).toEqual({
    request: {
      choice: {
        kind: "inline",
        strategy: "Spread",
        index: undefined,
        sets: [
          [
            {
              subnet: "172.16.1.0/24",
              start: "172.16.1.200",
              end: "172.16.1.246",
              gateway: "172.16.1.1",
              assign: "Any",
            },
          ],
        ],
      },
      named: [],
      addressSpace: "",
      podNumber: undefined,
      fixed: [],
      routes: [{ dst: "10.9.0.0/16" }],
      dns: undefined,
    },
    ignoredKeys: [],
  });
});

test.for([
  [{}, { kind: "network" }],
  [{ type: "cluster-ipam" }, { kind: "network" }],
  [{ pool: null, ranges: null, subnet: null }, { kind: "network" }],
  [{ gateway: "", rangeStart: "", rangeEnd: "", addressSpace: "" }, { kind: "network" }],
  [{ pool: "blue" }, { kind: "named", names: ["blue"] }],
  [{ POOL: "blue.v2-x" }, { kind: "named", names: ["blue.v2-x"] }],
  [
    { pool: "blue", gateway: "", addressSpace: "" },
    { kind: "named", names: ["blue"] },
  ],
  [{ pools: ["blue", "green"] }, { kind: "named", names: ["blue", "green"] }],
] as const)("%j asks for %j", ([ipam, choice]) => {
  expect(readTestSection(ipam).request.choice).toEqual(choice);
});

test.for([
  [{ subnet: "10.0.0.0/24", addressSpace: "vlan-7" }, "vlan-7"],
  [{ subnet: "10.0.0.0/24", addressspace: "" }, ""],
  [{ ranges: [[{ subnet: "fd00::/64" }]] }, ""],
] as const)("the ranges of %j are in the space %j", ([ipam, addressSpace]) => {
  expect(readTestSection(ipam).request.addressSpace).toBe(addressSpace);
});

test.for([
  [{ pool: "" }, 'ipam.pool is "": expected the name of an IPPool'],
  [{ pool: 5 }, "ipam.pool is 5: expected the name of an IPPool"],
  [{ pool: ["blue"] }, 'ipam.pool is ["blue"]: expected the name of an IPPool'],
  [{ pool: "Blue" }, 'ipam.pool is "Blue": expected the name of an IPPool'],
  [{ pool: "../nodes" }, 'ipam.pool is "../nodes": expected the name of an IPPool'],
  [{ pool: "blue\n" }, String.raw`ipam.pool is "blue\n": expected the name of an IPPool`],
  [{ pool: "b".repeat(254) }, `ipam.pool is "${"b".repeat(76)}…: expected the name of an IPPool`],
  [{ pools: [] }, "ipam.pools is []: expected at least one name"],
  [{ pools: "blue" }, 'ipam.pools is "blue": expected a list of names of IPPools'],
  [{ pools: ["blue", ""] }, 'ipam.pools[1] is "": expected the name of an IPPool'],
  [{ pools: ["blue", "blue"] }, 'ipam.pools is ["blue","blue"]: expected each name once'],
  [{ pool: "blue", pools: ["green"] }, "ipam.pool and ipam.pools both say where addresses come from: keep one"],
  [{ pool: "blue", subnet: "10.0.0.0/24" }, "ipam.pool and ipam.subnet both say where addresses come from: keep one"],
  [{ pool: "blue", ranges: [] }, "ipam.pool and ipam.ranges both say where addresses come from: keep one"],
  [
    { pools: ["blue"], gateway: "10.0.0.1" },
    "ipam.pools and ipam.gateway both say where addresses come from: keep one",
  ],
  [{ gateway: "10.0.0.1" }, "ipam.subnet is absent: expected a CIDR such as 10.0.0.0/24"],
  [
    { pool: "blue", addressSpace: "vlan-7" },
    'ipam.addressSpace is "vlan-7": only ranges and addresses in the ipam section take an address space, a pool has its own',
  ],
  [
    { addressSpace: "vlan-7" },
    'ipam.addressSpace is "vlan-7": only ranges and addresses in the ipam section take an address space, a pool has its own',
  ],
  [
    { subnet: "10.0.0.0/24", addressSpace: "VLAN_7" },
    'ipam.addressSpace is "VLAN_7": expected a DNS label such as "blue" (a-z, 0-9 and "-")',
  ],
  [
    { subnet: "10.0.0.0/24", addressSpace: 7 },
    'ipam.addressSpace is 7: expected a DNS label such as "blue" (a-z, 0-9 and "-")',
  ],
  [{ subent: "10.0.0.0/24" }, 'ipam has the unknown key "subent": did you mean "subnet"?'],
  [{ rangeStrat: "10.0.0.5" }, 'ipam has the unknown key "rangeStrat": did you mean "rangeStart"?'],
  [
    { subnet: "10.0.0.0/24", Subnet: "10.0.1.0/24" },
    'ipam has the key "subnet" twice, in different letter case: keep one',
  ],
  [
    { subnet: "10.0.0.0/24", routes: [{ dst: "10.9.0.5/16" }] },
    "ipam.routes[0]: route 10.9.0.5/16 has host bits set: write 10.9.0.0/16",
  ],
  [{ dns: [] }, "ipam.dns is []: expected an object with nameservers"],
  [{ dns: "10.0.0.53" }, 'ipam.dns is "10.0.0.53": expected an object with nameservers'],
  [{ dns: { nameservers: "10.0.0.53" } }, 'ipam.dns.nameservers is "10.0.0.53": expected a list of texts'],
  [{ dns: { search: [5] } }, "ipam.dns.search[0] is 5: expected text"],
  [{ dns: { nameserver: [] } }, 'ipam.dns has the unknown key "nameserver": did you mean "nameservers"?'],
  [{ resolvConf: 5 }, "ipam.resolvConf is 5: expected the path of a file"],
  [
    { dns: {}, resolvConf: "/etc/resolv.conf" },
    "ipam.dns and ipam.resolvConf both say which DNS servers there are: keep one",
  ],
] as const)("%j is refused", ([ipam, message]) => {
  expect(() => readTestSection(ipam)).toThrow(expect.objectContaining({ code: "bad-config", message }));
});

test.for([
  [{ strategy: "sequential" }],
  [{ strategy: "Index", pool: "blue" }],
  [{ strategy: "spread", pools: ["blue"] }],
])("a strategy without ranges, %j, is refused with where it belongs", ([ipam]) => {
  expect(() => readTestSection(ipam ?? {})).toThrow(
    /^ipam\.strategy is ".*": it chooses among ranges in the ipam section, and this one has none: set spec\.strategy of the IPPool$/,
  );
});

test.for([
  [{ addresses: [{ address: "10.0.0.5/24" }], strategy: "sequential" }],
  [{ index: { base: "10.0.0.5/24" }, strategy: "index" }],
])("a strategy where nothing is to be chosen, %j, is refused", ([ipam]) => {
  expect(() => readTestSection(ipam ?? {})).toThrow("it chooses among ranges, and this section has none: remove it");
});

test.for([
  [{ network_name: "green" }, 'ipam.network_name is "green"'],
  [{ pool: "blue", network_name: "green" }, 'ipam.network_name is "green"'],
  [{ pool: "blue", enable_overlapping_ranges: false }, "ipam.enable_overlapping_ranges is false"],
] as const)("a space for addresses of a pool, %j, is refused", ([ipam, message]) => {
  expect(() => readTestSection(ipam)).toThrow(
    `${message}: only ranges and addresses in the ipam section take an address space, a pool has its own`,
  );
});

test.for([
  [{ range: "10.0.0.0/24", network_name: "Green" }, /^green-[0-9a-f]{10}$/],
  [{ subnet: "10.0.0.0/24", enable_overlapping_ranges: false }, /^lan$/],
  [{ addresses: [{ address: "10.0.0.5/24" }], addressSpace: "blue" }, /^blue$/],
  [{ index: { base: "10.0.0.5/24" }, addressspace: "blue" }, /^blue$/],
] as const)("%j has its addresses in the space %s", ([ipam, space]) => {
  expect(readTestSection(ipam, { podName: "index3" }).request.addressSpace).toMatch(space);
});

test("the section of a whereabouts NAD means the same with nothing but its type changed", () => {
  const { request, ignoredKeys } = readTestSection({
    type: "cluster-ipam",
    datastore: "kubernetes",
    kubernetes: { kubeconfig: "/etc/cni/net.d/whereabouts.d/whereabouts.kubeconfig" },
    range: "192.168.2.225/28",
    exclude: ["192.168.2.229/30", "192.168.2.236/32"],
    log_file: "/tmp/whereabouts.log",
    log_level: "debug",
    gateway: "192.168.2.1",
    leader_lease_duration: 1500,
  });
  expect(request).toEqual({
    choice: {
      kind: "inline",
      strategy: "Spread",
      index: undefined,
      sets: [
        [
          {
            subnet: "192.168.2.224/28",
            gateway: "192.168.2.1",
            exclude: ["192.168.2.228-192.168.2.231", "192.168.2.236"],
            assign: "Any",
          },
        ],
      ],
    },
    named: [],
    addressSpace: "",
    podNumber: undefined,
    fixed: [],
    routes: undefined,
    dns: undefined,
  });
  expect(ignoredKeys).toEqual(["datastore", "kubernetes", "log_file", "log_level", "leader_lease_duration"]);
});

test("ranges of host-local may have addresses beside them, and the pod's number for strategy Index", () => {
  const ipam = { subnet: "10.0.0.0/24", addresses: [{ address: "fd00::5/64" }], index: 3, name: "lan" };
  const { request, ignoredKeys } = readTestSection(ipam, { fixed: { ...NO_FIXED, argument: "10.0.0.9/24" } });
  expect(inline(request.choice).strategy).toBe("Index");
  expect(request.podNumber).toBe(3n);
  expect(request.named.map(({ source }) => source)).toEqual(["ipam.addresses[0]"]);
  expect(request.fixed.map(({ source }) => source)).toEqual(["CNI_ARGS IP"]);
  expect(ignoredKeys).toEqual(["name"]);
});

test("host-local's folder means nothing here and is told", () => {
  expect(readTestSection({ subnet: "10.0.0.0/24", dataDir: "/run/my-orchestrator" }).ignoredKeys).toEqual(["dataDir"]);
});

test("a gateway beside ranges is told to mean nothing, as it does to host-local", () => {
  const { ignoredKeys } = readTestSection({
    datadir: "/run",
    ranges: [[{ subnet: "10.0.0.0/24" }]],
    gateway: "10.0.0.9",
  });
  expect(ignoredKeys).toEqual(["dataDir", "gateway"]);
});

test.for([
  [{}, undefined],
  [{ resolvConf: "" }, undefined],
  [{ dns: null, resolvConf: null }, undefined],
  [{ dns: {}, resolvConf: "" }, {}],
  [{ dns: { Nameservers: ["10.0.0.53"], domain: null } }, { nameservers: ["10.0.0.53"] }],
  [
    { dns: { nameservers: [], domain: "a.org", search: ["b.org"], options: ["ndots:2"] } },
    { nameservers: [], domain: "a.org", search: ["b.org"], options: ["ndots:2"] },
  ],
  [{ resolvconf: "/etc/dns" }, { nameservers: ["10.0.0.53"], search: [], options: [] }],
] as const)("%j says DNS %j", ([ipam, dns]) => {
  const readFile = (path: string): string => (path === "/etc/dns" ? "nameserver 10.0.0.53" : noFile(path));
  expect(readTestSection(ipam, { readFile }).request.dns).toEqual(dns);
});

test("a resolvConf that cannot be read is an error that says why", () => {
  const cause = new Error("ENOENT: no such file or directory");
  const readFile = (): string => {
    throw cause;
  };
  expect(() => readTestSection({ resolvConf: "/etc/none" }, { readFile })).toThrow(
    expect.objectContaining({
      code: "bad-config",
      message: 'ipam.resolvConf is "/etc/none": it cannot be read on this node (ENOENT: no such file or directory)',
      cause,
    }),
  );
});

test("a section without routes leaves them to the pool, an empty list asks for none", () => {
  expect(readTestSection({}).request.routes).toBeUndefined();
  expect(readTestSection({ routes: null }).request.routes).toBeUndefined();
  expect(readTestSection({ routes: [] }).request.routes).toEqual([]);
});

test("fixed addresses come with the section", () => {
  const { fixed } = readTestSection({}, { fixed: { ...NO_FIXED, requestedIps: ["10.0.0.5"] } }).request;
  expect(fixed.map(({ source }) => source)).toEqual(["runtimeConfig.ips[0]"]);
});

function inline(choice: PoolChoice): Extract<PoolChoice, { kind: "inline" }> {
  if (choice.kind !== "inline") throw new Error(`the choice is ${choice.kind}`);
  return choice;
}

import type { PoolChoice } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readIpamSection, type SectionInput, type SectionReading } from "./ipam-section.ts";

const NO_FIXED: SectionInput["fixed"] = { requestedIps: [], conventionIps: [], argument: undefined };

test("the section of a host-local NAD means the same with nothing but its type changed", () => {
  const reading = read({
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
        addressSpace: "",
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
  expect(read(ipam).request.choice).toEqual(choice);
});

test.for([
  [{ subnet: "10.0.0.0/24", addressSpace: "vlan-7" }, "vlan-7"],
  [{ subnet: "10.0.0.0/24", addressspace: "" }, ""],
  [{ ranges: [[{ subnet: "fd00::/64" }]] }, ""],
] as const)("the ranges of %j are in the space %j", ([ipam, addressSpace]) => {
  expect(inline(read(ipam).request.choice).addressSpace).toBe(addressSpace);
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
    'ipam.addressSpace is "vlan-7": only ranges in the ipam section take one, a pool has its own',
  ],
  [
    { addressSpace: "vlan-7" },
    'ipam.addressSpace is "vlan-7": only ranges in the ipam section take one, a pool has its own',
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
  expect(() => read(ipam)).toThrow(expect.objectContaining({ code: "bad-config", message }));
});

test("host-local's folder means nothing here and is told", () => {
  expect(read({ subnet: "10.0.0.0/24", dataDir: "/run/my-orchestrator" }).ignoredKeys).toEqual(["dataDir"]);
});

test("a gateway beside ranges is told to mean nothing, as it does to host-local", () => {
  const { ignoredKeys } = read({ datadir: "/run", ranges: [[{ subnet: "10.0.0.0/24" }]], gateway: "10.0.0.9" });
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
  const readFile = (path: string): string => (path === "/etc/dns" ? "nameserver 10.0.0.53" : fail(path));
  expect(read(ipam, { readFile }).request.dns).toEqual(dns);
});

test("a resolvConf that cannot be read is an error that says why", () => {
  const cause = new Error("ENOENT: no such file or directory");
  const readFile = (): string => {
    throw cause;
  };
  expect(() => read({ resolvConf: "/etc/none" }, { readFile })).toThrow(
    expect.objectContaining({
      code: "bad-config",
      message: 'ipam.resolvConf is "/etc/none": it cannot be read on this node (ENOENT: no such file or directory)',
      cause,
    }),
  );
});

test("a section without routes leaves them to the pool, an empty list asks for none", () => {
  expect(read({}).request.routes).toBeUndefined();
  expect(read({ routes: null }).request.routes).toBeUndefined();
  expect(read({ routes: [] }).request.routes).toEqual([]);
});

test("fixed addresses come with the section", () => {
  const { fixed } = read({}, { fixed: { ...NO_FIXED, requestedIps: ["10.0.0.5"] } }).request;
  expect(fixed.map(({ source }) => source)).toEqual(["runtimeConfig.ips[0]"]);
});

/** Values that sections hold, right and nearly right. */
const leaf = fc.oneof(
  fc.constantFrom("", "10.0.0.0/24", "10.0.0.5", "10.0.0.1/24", "fd00::/64", "fd00::5", "blue", "::/0", "/etc/dns"),
  fc.constantFrom(null, true, 0, -1, 254, 1e21),
  fc.string(),
);
const key = fc.oneof(
  fc.constantFrom("pool", "pools", "addressSpace", "routes", "dns", "resolvConf", "dataDir", "ranges", "subnet"),
  fc.constantFrom("RangeStart", "rangeend", "gateway", "dst", "gw", "table", "nameservers", "search", "__proto__"),
  fc.string(),
);
const { section } = fc.letrec<{ section: Record<string, unknown>; value: unknown }>((tie) => ({
  section: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  value: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("value"), { maxLength: 3 }), tie("section")),
}));
const ipamSection = fc.oneof(
  section,
  fc.record({ subnet: leaf, rangeStart: leaf, rangeEnd: leaf, gateway: leaf }, { requiredKeys: ["subnet"] }),
  fc.record({ ranges: fc.array(fc.array(fc.record({ subnet: leaf }, { requiredKeys: [] }))) }),
  fc.dictionary(fc.string(), fc.jsonValue()),
);

test("whatever JSON a section is, it has a reading, or an error of the catalogue that fits a line", () => {
  let readings = 0;
  const property = fc.property(ipamSection, fc.array(fc.jsonValue()), fc.string(), (ipam, conventionIps, argument) => {
    const outcome = attempt(() => read(ipam, { fixed: { ...NO_FIXED, conventionIps, argument } }));
    const withoutFixed = attempt(() => read(ipam));
    for (const error of [outcome, withoutFixed].filter((found) => found instanceof Error)) {
      expect(error).toBeInstanceOf(IpamError);
      expect((error as IpamError).code).toBe("bad-config");
      expect(error.message.length).toBeLessThan(500);
    }
    if (!(withoutFixed instanceof Error)) readings += 1;
  });
  fc.assert(property, { numRuns: 3_000 });
  expect(readings).toBeGreaterThan(100);
});

test.for([
  "pool",
  "pools",
  "addressSpace",
  "routes",
  "dns",
  "resolvConf",
  "ranges",
  "subnet",
  "rangeStart",
  "gateway",
  "x",
])("a value of %s that is nested without end, or very long, is refused at once", (name) => {
  const depth = 200_000;
  const deep: unknown = JSON.parse("[".repeat(depth) + "]".repeat(depth));
  const long = Array.from({ length: 50_000 }, () => "x");
  const values = [deep, { [name]: deep }, [deep], [[deep]], "x".repeat(1_000_000), long, [long], [[long]]];
  for (const ipam of values.flatMap((value) => [{ [name]: value }, { subnet: "10.0.0.0/24", [name]: value }])) {
    const before = performance.now();
    expect(() => read(ipam)).toThrow(IpamError);
    expect(() => read(ipam)).toThrow(/^.{1,500}$/);
    expect(performance.now() - before).toBeLessThan(1_000);
  }
});

test("a thousand ranges are read in no time", () => {
  const ranges = Array.from({ length: 1_000 }, (_, n) => [{ subnet: `10.${n >> 8}.${n & 255}.0/24` }]);
  const before = performance.now();
  expect(inline(read({ ranges }).request.choice).sets).toHaveLength(1_000);
  expect(performance.now() - before).toBeLessThan(1_000);
});

function read(ipam: Readonly<Record<string, unknown>>, input: Partial<SectionInput> = {}): SectionReading {
  return readIpamSection({ ipam, fixed: NO_FIXED, readFile: fail, ...input });
}

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error : new Error("not even an error", { cause: error });
  }
}

function inline(choice: PoolChoice): Extract<PoolChoice, { kind: "inline" }> {
  if (choice.kind !== "inline") throw new Error(`the choice is ${choice.kind}`);
  return choice;
}

function fail(path: string): never {
  throw new Error(`no file ${path}`);
}

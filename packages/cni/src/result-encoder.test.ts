import { IpamError } from "@cluster-ipam/errors";
import { describe, expect, test } from "vitest";
import type { IpamResult } from "./result.ts";
import { encodeError, encodeResult, requireRoom } from "./result-encoder.ts";

const V4: IpamResult = {
  ips: [{ address: "10.1.0.2/24", gateway: "10.1.0.1", family: 4 }],
  routes: [
    { dst: "0.0.0.0/0" },
    { dst: "10.9.0.0/16", gw: "10.1.0.9", mtu: 1400, advmss: 1, priority: 5, table: 0, scope: 0 },
  ],
  dns: undefined,
};
const V6: IpamResult = { ips: [{ address: "fd00::2/64", family: 6 }], routes: [], dns: {} };
const DUAL: IpamResult = {
  ips: [
    { address: "10.1.0.2/24", gateway: "10.1.0.1", family: 4 },
    { address: "fd00::2/64", gateway: "fd00::1", family: 6 },
  ],
  routes: [{ dst: "fd01::/48" }, { dst: "10.9.0.0/16" }],
  dns: { nameservers: ["8.8.8.8"], domain: "x.y", search: ["a.b", "c.d"], options: ["ndots:2"] },
};

// The expected objects of V4 and DUAL are what host-local 1.9.1 prints for the same addresses, routes and DNS.
const V4_ROUTES_OLD = [{ dst: "0.0.0.0/0" }, { dst: "10.9.0.0/16", gw: "10.1.0.9" }];
const IP4_OLD = { ip: "10.1.0.2/24", gateway: "10.1.0.1" };
const IP6_OLD = { ip: "fd00::2/64", gateway: "fd00::1" };
const IP4 = { address: "10.1.0.2/24", gateway: "10.1.0.1" };
const IP6 = { address: "fd00::2/64", gateway: "fd00::1" };

describe.for(["0.1.0", "0.2.0"])("cniVersion %s", (cniVersion) => {
  test.for([
    ["IPv4", V4, { ip4: { ...IP4_OLD, routes: V4_ROUTES_OLD }, dns: {} }],
    ["IPv6 without gateway and routes", V6, { ip6: { ip: "fd00::2/64" }, dns: {} }],
    [
      "both",
      DUAL,
      {
        ip4: { ...IP4_OLD, routes: [{ dst: "10.9.0.0/16" }] },
        ip6: { ...IP6_OLD, routes: [{ dst: "fd01::/48" }] },
        dns: DUAL.dns,
      },
    ],
    ["a route of the other family", { ...V4, routes: [{ dst: "fd01::/48" }] }, { ip4: IP4_OLD, dns: {} }],
  ] as const)("%s", ([, result, expected]) => {
    expect(JSON.parse(encodeResult(result, cniVersion))).toStrictEqual({ cniVersion, ...expected });
  });
});

describe.for(["0.3.0", "0.3.1", "0.4.0"])("cniVersion %s", (cniVersion) => {
  test.for([
    ["IPv4", V4, { ips: [{ version: "4", ...IP4 }], routes: V4.routes, dns: {} }],
    ["IPv6 without gateway and routes", V6, { ips: [{ version: "6", address: "fd00::2/64" }], dns: {} }],
    [
      "both",
      DUAL,
      {
        ips: [
          { version: "4", ...IP4 },
          { version: "6", ...IP6 },
        ],
        routes: DUAL.routes,
        dns: DUAL.dns,
      },
    ],
  ] as const)("%s", ([, result, expected]) => {
    expect(JSON.parse(encodeResult(result, cniVersion))).toStrictEqual({ cniVersion, ...expected });
  });
});

describe.for(["1.0.0", "1.1.0"])("cniVersion %s", (cniVersion) => {
  test.for([
    ["IPv4", V4, { ips: [IP4], routes: V4.routes }],
    ["IPv6 without gateway and routes", V6, { ips: [{ address: "fd00::2/64" }] }],
    ["both", DUAL, { ips: [IP4, IP6], routes: DUAL.routes, dns: DUAL.dns }],
    [
      "DNS with empty members",
      { ...V6, dns: { nameservers: [], domain: "", search: ["a"] } },
      {
        ips: [{ address: "fd00::2/64" }],
        dns: { search: ["a"] },
      },
    ],
  ] as const)("%s", ([, result, expected]) => {
    expect(JSON.parse(encodeResult(result, cniVersion))).toStrictEqual({ cniVersion, ...expected });
  });
});

test("what a route object carries beyond the specification is not printed", () => {
  const route = { dst: "10.9.0.0/16", comment: "internal" };
  expect(encodeResult({ ...V4, routes: [route] }, "1.0.0")).not.toContain("internal");
});

test.for([
  ["0.1.0", [4, 4], "2 IPv4"],
  ["0.2.0", [4, 6, 6, 6], "3 IPv6"],
] as const)("%s has no room for %j", ([cniVersion, families, fragment]) => {
  expect(() => requireRoom(cniVersion, families)).toThrow(
    expect.objectContaining({ code: "bad-config", message: expect.stringContaining(fragment) }),
  );
});

test.for([
  ["0.1.0", [4, 6]],
  ["0.2.0", []],
  ["0.3.0", [4, 4, 6, 6]],
  ["1.1.0", [6, 6]],
] as const)("%s has room for %j", ([cniVersion, families]) => {
  expect(() => requireRoom(cniVersion, families)).not.toThrow();
});

test("a result that does not fit its version is refused, not cut", () => {
  const result = { ...V4, ips: [...V4.ips, { address: "10.2.0.2/24", family: 4 as const }] };
  expect(() => encodeResult(result, "0.2.0")).toThrow(IpamError);
  expect(JSON.parse(encodeResult(result, "0.3.0")).ips).toHaveLength(2);
});

test("an error carries the catalogue's code, and details when there are any", () => {
  expect(JSON.parse(encodeError(new IpamError("bad-json", "line 1"), "0.4.0"))).toStrictEqual({
    cniVersion: "0.4.0",
    code: 6,
    msg: "line 1",
  });
  const error = new IpamError("no-pool", "no pool", { details: "make one" });
  expect(JSON.parse(encodeError(error, "1.1.0"))).toStrictEqual({
    cniVersion: "1.1.0",
    code: 100,
    msg: "no pool",
    details: "make one",
  });
});

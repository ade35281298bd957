import type { Family } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { checkRouteFamilies, checkRoutes, readRoutes } from "./routes.ts";

test("every key of a route is read, in any letter case", () => {
  const written = { DST: "10.9.0.0/16", Gw: "10.0.0.1", mtu: 1400, AdvMSS: 1360, priority: 5, table: 100, scope: 253 };
  expect(readRoutes([written], "ipam.routes")).toEqual([
    { dst: "10.9.0.0/16", gw: "10.0.0.1", mtu: 1400, advmss: 1360, priority: 5, table: 100, scope: 253 },
  ]);
});

test.for([
  [[], []],
  [[{ dst: "0.0.0.0/0" }], [{ dst: "0.0.0.0/0" }]],
  [[{ dst: "::/0", gw: "fe80::1" }], [{ dst: "::/0", gw: "fe80::1" }]],
  [[{ dst: "10.9.0.5/32", gw: "" }], [{ dst: "10.9.0.5/32" }]],
  [[{ dst: "10.9.0.0/16", gw: null, mtu: null }], [{ dst: "10.9.0.0/16" }]],
] as const)("%j is read as %j", ([written, routes]) => {
  expect(readRoutes(written, "ipam.routes")).toEqual(routes);
});

test.for([
  [{}, "ipam.routes is {}: expected a list of routes"],
  ["10.9.0.0/16", 'ipam.routes is "10.9.0.0/16": expected a list of routes'],
  [["10.9.0.0/16"], 'ipam.routes[0] is "10.9.0.0/16": expected an object with dst'],
  [[[]], "ipam.routes[0] is []: expected an object with dst"],
  [[null], "ipam.routes[0] is null: expected an object with dst"],
  [[{}], "ipam.routes[0].dst is absent: expected a CIDR such as 10.9.0.0/16"],
  [[{ dst: 10 }], "ipam.routes[0].dst is 10: expected a CIDR such as 10.9.0.0/16"],
  [[{ dst: "10.9.0.0" }], 'ipam.routes[0]: route "10.9.0.0" is not a CIDR such as 10.9.0.0/16'],
  [[{ dst: "" }], 'ipam.routes[0]: route "" is not a CIDR such as 10.9.0.0/16'],
  [[{ dst: "default" }], 'ipam.routes[0]: route "default" is not a CIDR such as 10.9.0.0/16'],
  [
    [{ to: "10.9.0.0/16" }],
    'ipam.routes[0] has the unknown key "to": known keys: dst, gw, mtu, advmss, priority, table, scope',
  ],
  [
    [{ dst: "10.9.0.0/16", gateway: "10.0.0.1" }],
    'ipam.routes[0] has the unknown key "gateway": known keys: dst, gw, mtu, advmss, priority, table, scope',
  ],
  [
    [{ dst: "10.9.0.0/16", metrc: 1 }],
    'ipam.routes[0] has the unknown key "metrc": known keys: dst, gw, mtu, advmss, priority, table, scope',
  ],
  [[{ dst: "10.9.0.0/16", adv_mss: 1 }], 'ipam.routes[0] has the unknown key "adv_mss": did you mean "advmss"?'],
  [[{ dst: "10.9.0.0/16", mtu: "1400" }], 'ipam.routes[0].mtu is "1400": expected a whole number'],
  [[{ dst: "10.9.0.0/16", mtu: 1.5 }], "ipam.routes[0].mtu is 1.5: expected a whole number"],
  [[{ dst: "10.9.0.0/16", mtu: -1 }], "ipam.routes[0].mtu is -1: expected 0 or more"],
  [[{ dst: "10.9.0.0/16", table: 2 ** 32 }], "ipam.routes[0].table is 4294967296: expected at most 4294967295"],
  [[{ dst: "10.9.0.0/16", scope: 256 }], "ipam.routes[0].scope is 256: expected at most 255"],
  [[{ dst: "10.9.0.5/16" }], "ipam.routes[0]: route 10.9.0.5/16 has host bits set: write 10.9.0.0/16"],
  [[{ dst: "2001:db8::5/64" }], "ipam.routes[0]: route 2001:db8::5/64 has host bits set: write 2001:db8::/64"],
  [
    [{ dst: "10.9.0.0/16", gw: "10.0.0.256" }],
    'ipam.routes[0]: gw "10.0.0.256" of route 10.9.0.0/16 is not an address',
  ],
  [[{ dst: "10.9.0.0/16", gw: "fd00::1" }], "ipam.routes[0]: gw fd00::1 of route 10.9.0.0/16 is not an IPv4 address"],
  [[{ dst: "fd00::/64", gw: "10.0.0.1" }], "ipam.routes[0]: gw 10.0.0.1 of route fd00::/64 is not an IPv6 address"],
] as const)("%j is refused", ([written, message]) => {
  expect(() => readRoutes(written, "ipam.routes")).toThrow(expect.objectContaining({ code: "bad-config", message }));
});

test.for([
  [{ dst: "10.9.0.0/16" }, { dst: "10.9.0.0/16", gw: "10.0.0.1" }],
  [{ dst: "2001:db8::/64" }, { dst: "2001:DB8:0::/64" }],
  [{ dst: "10.9.0.0/16" }, { dst: "10.9.0.0/16", table: 254 }],
  [
    { dst: "10.9.0.0/16", table: 0 },
    { dst: "10.9.0.0/16", priority: 0 },
  ],
  [{ dst: "::/0" }, { dst: "::/0", priority: 1024 }],
] as const)("the kernel takes %j and %j for one route: refused", ([first, second]) => {
  const routes = [{ dst: "10.8.0.0/16" }, first, second];
  expect(() => readRoutes(routes, "ipam.routes")).toThrow(
    `ipam.routes[2]: route ${second.dst} stands already in ipam.routes[1]: remove one`,
  );
});

test.for([
  [{ dst: "10.9.0.0/16" }, { dst: "10.9.0.0/17" }],
  [{ dst: "10.9.0.0/16" }, { dst: "10.9.0.0/16", table: 100 }],
  [{ dst: "10.9.0.0/16" }, { dst: "10.9.0.0/16", priority: 1024 }],
  [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
] as const)("%j and %j are two routes", ([first, second]) => {
  expect(readRoutes([first, second], "ipam.routes")).toHaveLength(2);
});

test("a pool's routes are checked under the pool's name", () => {
  expect(() => checkRoutes([{ dst: "10.9.0.5/16" }], "pool blue: routes")).toThrow(
    "pool blue: routes[0]: route 10.9.0.5/16 has host bits set",
  );
});

test.for([
  ["10.9.0.0/16", [4], true],
  ["fd00::/64", [6], true],
  ["fd00::/64", [4, 6], true],
  ["10.9.0.0/16", [6], false],
  ["fd00::/64", [4], false],
  ["::/0", [], false],
] as const)("whether route %s can go with addresses of families %j: %s", ([dst, families, isPossible]) => {
  const check = (): void => checkRouteFamilies([{ dst }], new Set<Family>(families));
  if (isPossible) expect(check).not.toThrow();
  else expect(check).toThrow(new RegExp(`^route ${dst} needs an IPv[46] address, and the network has no such range$`));
});

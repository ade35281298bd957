import type { NamedAddress } from "@cluster-ipam/allocator";
import { formatAddress, formatCidr } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { readAddresses } from "./named-addresses.ts";
import { type RuntimeWishes, readStaticAddresses } from "./static.ts";

const NONE: RuntimeWishes = { requestedIps: [], conventionIps: [], argument: undefined, gatewayArgument: undefined };
const OWN = [
  { address: "10.10.0.1/24", gateway: "10.10.0.254" },
  { address: "3ffe:ffff:0:01ff::1/64", gateway: "3ffe:ffff:0::1" },
];
const OWN_TEXTS = ["10.10.0.1/24 via 10.10.0.254", "3ffe:ffff:0:1ff::1/64 via 3ffe:ffff::1"];

test.for([
  ["the section's own addresses", {}, OWN_TEXTS],
  ["IP adds to them", { argument: "10.10.0.2/24, 11.0.0.1/8" }, [...OWN_TEXTS, "10.10.0.2/24", "11.0.0.1/8"]],
  [
    "GATEWAY goes to every address of IP whose subnet holds it, and to none of the section's own",
    { argument: "10.10.0.2/24,11.0.0.1/8", gatewayArgument: "10.10.0.9,11.0.0.9" },
    [...OWN_TEXTS, "10.10.0.2/24 via 10.10.0.9", "11.0.0.1/8 via 11.0.0.9"],
  ],
  [
    "of two gateways in one subnet the last one stands",
    { argument: "10.10.0.2/24", gatewayArgument: "10.10.0.9,10.10.0.10" },
    [...OWN_TEXTS, "10.10.0.2/24 via 10.10.0.10"],
  ],
  [
    "args.cni.ips stands in the place of both",
    { argument: "10.10.0.2/24", gatewayArgument: "10.10.0.9", conventionIps: ["10.10.0.3/24"] },
    ["10.10.0.3/24"],
  ],
  [
    "runtimeConfig.ips stands in the place of all",
    { argument: "10.10.0.2/24", conventionIps: ["10.10.0.3/24"], requestedIps: ["10.10.0.4/24", "fd00::4/64"] },
    ["10.10.0.4/24", "fd00::4/64"],
  ],
  ["one address said twice is one", { argument: "11.0.0.1/8,11.0.0.1/8" }, [...OWN_TEXTS, "11.0.0.1/8"]],
] as const)("%s", ([, wishes, expected]) => {
  expect(read(OWN, wishes)).toEqual(expected);
});

test.for([
  ["IP", { argument: "10.10.0.2/24" }],
  ["args.cni.ips", { conventionIps: ["10.10.0.2/24"] }],
  ["runtimeConfig.ips", { requestedIps: ["10.10.0.2/24"] }],
] as const)("addresses may be left to %s", ([, wishes]) => {
  expect(read([], wishes)).toEqual(["10.10.0.2/24"]);
});

test("no address at all is an error that says where it may stand", () => {
  expect(() => read([], { argument: "," })).toThrow(
    "ipam.addresses is []: expected an address there, in runtimeConfig.ips, in args.cni.ips or in IP of CNI_ARGS",
  );
});

const CIDR = "expected an address with the prefix length of its subnet, such as 10.0.0.5/24";

test.for([
  [{}, {}, 'ipam.addresses is {}: expected a list of addresses, [{"address": "10.0.0.5/24"}]'],
  [["10.0.0.5/24"], {}, 'ipam.addresses[0] is "10.0.0.5/24": expected an object with address'],
  [[{}], {}, `ipam.addresses[0].address is absent: ${CIDR}`],
  [[{ address: "10.0.0.5" }], {}, `ipam.addresses[0].address is "10.0.0.5": ${CIDR}`],
  [[{ address: "10.0.0.5/33" }], {}, `ipam.addresses[0].address is "10.0.0.5/33": ${CIDR}`],
  [[{ address: "::ffff:10.0.0.5/120" }], {}, `ipam.addresses[0].address is "::ffff:10.0.0.5/120": ${CIDR}`],
  [[...OWN, { address: "10.0.0.5/24", gw: "10.0.0.1" }], {}, 'ipam.addresses[2] has the unknown key "gw"'],
  [
    [{ address: "10.0.0.5/24", gateway: "fd00::1" }],
    {},
    'ipam.addresses[0].gateway is "fd00::1": expected an IPv4 address, as 10.0.0.5/24 is',
  ],
  [OWN, { argument: "10.0.0.5" }, `CNI_ARGS IP is "10.0.0.5": ${CIDR}`],
  [OWN, { argument: "10.0.0.5/0" }, `CNI_ARGS IP is "10.0.0.5/0": ${CIDR}`],
  [OWN, { argument: "10.0.0.5", requestedIps: ["10.0.0.6/24"] }, `CNI_ARGS IP is "10.0.0.5": ${CIDR}`],
  [OWN, { gatewayArgument: "10.0.0" }, 'CNI_ARGS GATEWAY is "10.0.0": expected an address such as 10.0.0.1'],
  [OWN, { conventionIps: [5] }, `args.cni.ips[0] is 5: ${CIDR}`],
  [OWN, { requestedIps: ["10.0.0.5/24", "10.0.0.6"] }, `runtimeConfig.ips[1] is "10.0.0.6": ${CIDR}`],
  [
    OWN,
    { argument: "10.10.0.1/16" },
    "10.10.0.1 is named twice, as a /24 with gateway 10.10.0.254 (ipam.addresses[0]) and as a /16 with no gateway (CNI_ARGS IP): keep one",
  ],
] as const)("%j with %j is refused", ([addresses, wishes, message]) => {
  expect(() => read(addresses, wishes)).toThrow(
    expect.objectContaining({ code: "bad-config", message: expect.stringContaining(message) }),
  );
});

test("the old key version is ignored", () => {
  const { named, ignoredKeys } = readAddresses([{ version: "4", address: "10.0.0.5/24", gateway: null }]);
  expect(named.map(textOf)).toEqual(["10.0.0.5/24"]);
  expect(ignoredKeys).toEqual(["addresses[0].version"]);
});

function read(addresses: unknown, wishes: Partial<RuntimeWishes>): string[] {
  return readStaticAddresses(readAddresses(addresses).named, { ...NONE, ...wishes }).map(textOf);
}

function textOf({ cidr, gateway }: NamedAddress): string {
  return gateway === undefined ? formatCidr(cidr) : `${formatCidr(cidr)} via ${formatAddress(gateway)}`;
}

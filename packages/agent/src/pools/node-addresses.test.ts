import { networkInterfaces } from "node:os";
import { formatCidr } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { type Interfaces, NodeAddresses } from "./node-addresses.ts";

const INTERFACES: Interfaces = () => ({
  lo: [{ cidr: "127.0.0.1/8" }, { cidr: "::1/128" }],
  eth0: [{ cidr: "192.168.0.5/20" }, { cidr: "fd00::5/64" }, { cidr: "fe80::1/64" }],
  down: undefined,
  odd: [{ cidr: null }],
});

test.each([
  ["192.168.0.5", ["192.168.0.5/20"]],
  ["fd00::5,192.168.0.5", ["fd00::5/64", "192.168.0.5/20"]],
  ["", []],
])("of %j the prefix lengths are those of the interfaces", (text, expected) => {
  expect(NodeAddresses.parse(text, INTERFACES)?.read().map(formatCidr)).toEqual(expected);
});

test.each(["192.168.0.5,", "192.168.0.5 fd00::5", "192.168.0.5/20", "fe80::1%eth0", "node"])(
  "%j is not a list of addresses",
  (text) => {
    expect(NodeAddresses.parse(text, INTERFACES)).toBeUndefined();
  },
);

test("an address that no interface has is an error that names it", () => {
  const told = NodeAddresses.parse("192.168.0.5,192.168.0.6", INTERFACES);
  const message = expect.stringContaining("--node-ip of the agent holds 192.168.0.6, which no interface");
  expect(() => told?.read()).toThrow(expect.objectContaining({ code: "bad-config", message }));
});

test("the machine's own interfaces are asked where none are given", () => {
  const [own] = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  expect(own).toBeDefined();
  expect(
    NodeAddresses.parse(own?.address ?? "")
      ?.read()
      .map(formatCidr),
  ).toEqual([own?.cidr]);
});

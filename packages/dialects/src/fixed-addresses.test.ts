import { formatAddress } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { type FixedAddressSources, readFixedAddresses } from "./fixed-addresses.ts";

const NOTHING: FixedAddressSources = { requestedIps: [], conventionIps: [], argument: undefined };

test("nothing asked for is no address", () => {
  expect(read({})).toEqual([]);
  expect(read({ argument: "" })).toEqual([]);
});

test.for([
  [{ requestedIps: ["10.0.0.5"] }, ["10.0.0.5 from runtimeConfig.ips[0]"]],
  [{ requestedIps: ["10.0.0.5/24"] }, ["10.0.0.5/24 from runtimeConfig.ips[0]"]],
  [{ requestedIps: [" 10.0.0.5 "] }, ["10.0.0.5 from runtimeConfig.ips[0]"]],
  [
    { requestedIps: ["10.0.0.5", "2001:DB8::5/64"] },
    ["10.0.0.5 from runtimeConfig.ips[0]", "2001:db8::5/64 from runtimeConfig.ips[1]"],
  ],
  [{ conventionIps: ["2001:db8::5"] }, ["2001:db8::5 from args.cni.ips[0]"]],
  [{ argument: "10.0.0.5" }, ["10.0.0.5 from CNI_ARGS IP"]],
  [{ argument: "10.0.0.5/24,2001:db8::5," }, ["10.0.0.5/24 from CNI_ARGS IP", "2001:db8::5 from CNI_ARGS IP"]],
  [
    { requestedIps: ["10.0.0.5"], conventionIps: ["10.0.0.6"], argument: "10.0.0.7" },
    ["10.0.0.5 from runtimeConfig.ips[0]", "10.0.0.6 from args.cni.ips[0]", "10.0.0.7 from CNI_ARGS IP"],
  ],
] as const)("%o asks for %j", ([sources, expected]) => {
  expect(read(sources)).toEqual(expected);
});

test.for([
  [{ requestedIps: ["10.0.0.5", "10.0.0.5"] }, ["10.0.0.5 from runtimeConfig.ips[0]"]],
  [{ requestedIps: ["10.0.0.5"], argument: "10.0.0.5" }, ["10.0.0.5 from runtimeConfig.ips[0]"]],
  [{ requestedIps: ["10.0.0.5/24"], conventionIps: ["10.0.0.5/24"] }, ["10.0.0.5/24 from runtimeConfig.ips[0]"]],
  [{ requestedIps: ["10.0.0.5/24"], argument: "10.0.0.5" }, ["10.0.0.5/24 from runtimeConfig.ips[0]"]],
  [{ requestedIps: ["10.0.0.5"], argument: "10.0.0.5/24" }, ["10.0.0.5/24 from CNI_ARGS IP"]],
  [{ requestedIps: ["2001:db8::5", "2001:DB8:0::5"] }, ["2001:db8::5 from runtimeConfig.ips[0]"]],
] as const)("one address in two places is one wish: %o", ([sources, expected]) => {
  expect(read(sources)).toEqual(expected);
});

test("IPv4 and IPv6 addresses of one number are two", () => {
  expect(read({ requestedIps: ["0.0.0.5", "::5"] })).toHaveLength(2);
});

test("one address with two prefix lengths is refused by both sources", () => {
  expect(() => read({ requestedIps: ["10.0.0.5/24"], argument: "10.0.0.5/16" })).toThrow(
    "10.0.0.5 is asked for as a /24 (runtimeConfig.ips[0]) and as a /16 (CNI_ARGS IP)",
  );
});

test.for([
  [{ requestedIps: ["10.0.0.5", "10.0.0.256"] }, 'runtimeConfig.ips[1] is "10.0.0.256"'],
  [{ requestedIps: [""] }, 'runtimeConfig.ips[0] is ""'],
  [{ requestedIps: ["10.0.0.5/33"] }, 'runtimeConfig.ips[0] is "10.0.0.5/33"'],
  [{ requestedIps: ["::ffff:10.0.0.5"] }, 'runtimeConfig.ips[0] is "::ffff:10.0.0.5"'],
  [{ requestedIps: ["fe80::1%eth0"] }, 'runtimeConfig.ips[0] is "fe80::1%eth0"'],
  [{ conventionIps: [{ toString: 1 }] }, 'args.cni.ips[0] is {"toString":1}'],
  [{ conventionIps: [["10.0.0.5"]] }, 'args.cni.ips[0] is ["10.0.0.5"]'],
  [{ conventionIps: [null] }, "args.cni.ips[0] is null"],
  [{ argument: "10.0.0.5,web" }, 'CNI_ARGS IP is "web"'],
] as const)("%o is refused by its source", ([sources, message]) => {
  expect(() => read(sources)).toThrow(
    expect.objectContaining({
      code: "bad-config",
      message: `${message}: expected an address such as 10.0.0.5 or 10.0.0.5/24`,
    }),
  );
});

/** What is asked for, as text. */
function read(sources: Partial<FixedAddressSources>): string[] {
  return readFixedAddresses({ ...NOTHING, ...sources }).map(({ address, prefixLength, source }) => {
    const suffix = prefixLength === undefined ? "" : `/${prefixLength}`;
    return `${formatAddress(address)}${suffix} from ${source}`;
  });
}

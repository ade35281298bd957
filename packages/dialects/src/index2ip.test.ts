import { formatAddress, formatCidr, parseCidr } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { readIndexKey } from "./index-key.ts";
import { type Index2ipInput, readIndex2ip } from "./index2ip.ts";

const DNS4 = "8.8.8.8,8.8.4.4";
const DNS6 = "2001:4860:4860::8888,2001:4860:4860::8844";
const LINE = `rw epoxy.ipv4=4.14.159.112/26,4.14.159.65,${DNS4} epoxy.ipv6=2001:1900:2100:2d::112/64,2001:1900:2100:2d::1,${DNS6}`;

test("address, gateway, default route and DNS of both families come from the kernel command line", () => {
  const { named, routes, dns } = read(5, LINE);
  expect(named.map(({ cidr, gateway }) => [formatCidr(cidr), gateway && formatAddress(gateway)])).toEqual([
    ["4.14.159.117/26", "4.14.159.65"],
    ["2001:1900:2100:2d::117/64", "2001:1900:2100:2d::1"],
  ]);
  expect(routes).toEqual([
    { dst: "0.0.0.0/0", gw: "4.14.159.65" },
    { dst: "::/0", gw: "2001:1900:2100:2d::1" },
  ]);
  expect(dns).toEqual({ nameservers: ["8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"] });
});

test("without epoxy.ipv6 there is IPv4 only", () => {
  const { named, routes, dns } = read(5, `epoxy.ipv4=4.14.159.112/26,4.14.159.65,${DNS4}`);
  expect(named.map(({ cidr }) => formatCidr(cidr))).toEqual(["4.14.159.117/26"]);
  expect(routes).toEqual([{ dst: "0.0.0.0/0", gw: "4.14.159.65" }]);
  expect(dns).toEqual({ nameservers: ["8.8.8.8", "8.8.4.4"] });
});

test.for([
  ["1.2.3.4/26", 1, "1.2.3.5/26"],
  ["1.2.3.4/26", 12, "1.2.3.16/26"],
  ["1.2.3.4/26", 251, "1.2.3.255/26"],
  ["1.2.3.240/26", 5, "1.2.3.245/26"],
  ["1:2::/64", 6, "1:2::6/64"],
  ["1:2::/64", 10, "1:2::10/64"],
  ["1::10/64", 11, "1::21/64"],
  ["1f::9/64", 2, "1f::11/64"],
  ["1f::9/64", 12, "1f::21/64"],
  ["1f::201/64", 12, "1f::213/64"],
  ["::73/64", 11, "::84/64"],
  ["::137/64", 10, "::147/64"],
  ["::201/64", 9, "::210/64"],
  ["::9999:1:7998/64", 1, "::9999:1:7999/64"],
] as const)("%s and %d are %s", ([base, index, expected]) => {
  expect(read({ base }, "", { podName: `ndt-index${index}-111234-aa3b1` })).toEqual({
    named: [{ cidr: parseCidr(expected), gateway: undefined, source: "ipam.index" }],
    routes: undefined,
    dns: undefined,
  });
});

test.for([
  ["1.2.3.4/26", "0", "index 0 on 1.2.3.4/26 is past the range: expected 1 to 251"],
  ["1.2.3.4/26", "252", "index 252 on 1.2.3.4/26 is past the range: expected 1 to 251"],
  ["1.2.3.255/24", "1", "index 1 on 1.2.3.255/24 is past the range: it leaves no room for any"],
  ["fd00::9/64", "0", "index 0 on fd00::9/64 is past the range: expected 1 to 7990"],
  ["fd00::9/64", "7991", "index 7991 on fd00::9/64 is past the range: expected 1 to 7990"],
  ["fd00::9/64", "65536", "index 65536 on fd00::9/64 is past the range: expected 1 to 7990"],
  ["fd00::8001/64", "1", "index 1 on fd00::8001/64 is past the range: it leaves no room for any"],
  ["fd00::9/64", "9".repeat(200), "index 99999999999999999… on fd00::9/64 is past the range: expected 1 to 7990"],
] as const)("%s has no room for %s", ([base, index, message]) => {
  expect(() => read({ base }, "", { podName: `index${index}` })).toThrow(
    expect.objectContaining({ code: "bad-index", message }),
  );
});

test.for([0, -1, 144, Number.MAX_SAFE_INTEGER])("the number %d is refused on the kernel command line", (number) => {
  expect(() => read(number, LINE)).toThrow(
    expect.objectContaining({
      code: "bad-index",
      message: `index ${number} on 4.14.159.112/26 is past the range: expected 1 to 143`,
    }),
  );
});

test("a last group with a letter cannot be counted in base 10", () => {
  expect(() => read({ base: "1:2::fe/64" }, "", { podName: "index6" })).toThrow(
    "has the address 1:2::fe/64: expected a last group without letters, which is counted in base 10",
  );
});

test("the gateway is nobody's address", () => {
  expect(() => read(1, `epoxy.ipv4=10.0.0.8/24,10.0.0.9,${DNS4}`)).toThrow(
    expect.objectContaining({
      code: "bad-index",
      message: "index 1 on 10.0.0.8/24 makes 10.0.0.9, which is the gateway: use another number",
    }),
  );
});

test.for([
  [{}, "poc-index4", "4"],
  [{}, "a-index07-index9", "7"],
  [{ base: "cmdline" }, "poc-index4", "4"],
  [{ base: "CMDLINE", pattern: "web-([0-9]+)" }, "web-3-index9", "3"],
] as const)("%j finds the number of %s", ([index, podName, expected]) => {
  const [first] = read(index, LINE, { podName }).named;
  expect(first?.cidr.value).toBe((parseCidr("4.14.159.112/26")?.value ?? 0n) + BigInt(expected));
});

test.for([
  [
    {},
    "web-3",
    "the name of pod web-3 holds no index: expected one that matches index([0-9]+), or a number in ipam.index",
  ],
  [
    {},
    "index-3",
    "the name of pod index-3 holds no index: expected one that matches index([0-9]+), or a number in ipam.index",
  ],
  [
    { pattern: "db-([0-9]+)" },
    "index3",
    "the name of pod index3 holds no index: expected one that matches db-([0-9]+), or a number in ipam.index",
  ],
  [
    { pattern: "(index)3" },
    "index3",
    "the name of pod index3 holds no index: expected one that matches (index)3, or a number in ipam.index",
  ],
  [{}, undefined, 'ipam.index has no number, and CNI_ARGS holds no K8S_POD_NAME to find "index([0-9]+)" in'],
] as const)("%j finds no number in %s", ([index, podName, message]) => {
  expect(() => read(index, LINE, { podName })).toThrow(expect.objectContaining({ code: "bad-index", message }));
});

test("base node counts from each of the node's own addresses, and says what to do where there is none", () => {
  const nodeAddresses = () => ["10.0.0.7/24", "fd00::7/64"].flatMap((text) => parseCidr(text) ?? []);
  const { named, routes, dns } = read({ base: "node" }, "", { podName: "index3", nodeAddresses });
  expect(named.map(({ cidr }) => formatCidr(cidr))).toEqual(["10.0.0.10/24", "fd00::10/64"]);
  expect([routes, dns]).toEqual([undefined, undefined]);
  expect(() => read({ base: "node" }, "", { podName: "index3" })).toThrow(
    'ipam.index.base is "node", and the agent knows no address of its node: start the agent with --node-ip',
  );
});

test("a kernel command line that cannot be read is an error that says why", () => {
  const readKernelCommandLine = (): string => {
    throw new Error("EACCES: permission denied");
  };
  expect(() => read(1, "", { readKernelCommandLine })).toThrow(
    "ipam.index: the node's kernel command line cannot be read (EACCES: permission denied)",
  );
});

function read(index: unknown, line: string, input: Partial<Index2ipInput> = {}): ReturnType<typeof readIndex2ip> {
  const key = readIndexKey(index);
  if (key === undefined) throw new Error("no index");
  return readIndex2ip(key, {
    podName: undefined,
    firstGroup: (pattern, text) => new RegExp(pattern).exec(text)?.[1],
    readKernelCommandLine: () => line,
    nodeAddresses: () => [],
    ...input,
  });
}

import { expect, test } from "vitest";
import { parsePrevIps } from "./prev-result.ts";
import { encodeResult } from "./result-encoder.ts";

const DUAL = [
  { address: "10.1.0.2/24", family: 4 as const },
  { address: "fd00::2/64", family: 6 as const },
];

test.for(["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])(
  "the addresses of our own result of %s are found again",
  (cniVersion) => {
    const text = encodeResult({ ips: DUAL, routes: [], dns: undefined }, cniVersion);
    expect(parsePrevIps(JSON.parse(text))).toEqual(DUAL);
  },
);

test("what the main plugin adds does not hide the addresses", () => {
  const prevResult = {
    cniVersion: "0.4.0",
    interfaces: [{ name: "net1", sandbox: "/run/netns/x" }],
    IPs: [{ version: "4", interface: 0, Address: "10.1.0.2/24", gateway: "10.1.0.1" }],
    dns: {},
  };
  expect(parsePrevIps(prevResult)).toEqual([{ address: "10.1.0.2/24", family: 4 }]);
});

test.for([{}, { ips: null }, { ips: [] }, { ip4: null }])("%j holds no address", (prevResult) => {
  expect(parsePrevIps(prevResult)).toEqual([]);
});

test.for([
  [{ ips: {} }, "prevResult.ips"],
  [{ ips: [{ address: "10.0.0.1/24" }, {}] }, "prevResult.ips[1].address"],
  [{ ips: ["10.0.0.1/24"] }, "prevResult.ips[0].address"],
  [{ ips: [{ address: 5 }] }, "is 5"],
  [{ ip4: { address: "10.0.0.1/24" } }, "prevResult.ip4.ip"],
  [{ ip6: "fd00::1/64" }, "prevResult.ip6.ip"],
] as const)("%j is refused by its key", ([prevResult, fragment]) => {
  expect(() => parsePrevIps(prevResult)).toThrow(
    expect.objectContaining({ code: "bad-config", message: expect.stringContaining(fragment) }),
  );
});

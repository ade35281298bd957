import { expect, test } from "vitest";
import { formatNetwork, macvlanNetwork } from "./network.ts";

test("the two networks differ in ipam.type alone", () => {
  const [before, after] = [macvlanNetwork("host-local"), macvlanNetwork("cluster-ipam")].map((network) => ({
    ...network,
    ipam: { ...(network["ipam"] as object), type: "" },
  }));
  expect(after).toEqual(before);
});

test("formatNetwork loses nothing of the network", () => {
  const network = macvlanNetwork("host-local");
  expect(JSON.parse(formatNetwork(network).join("\n"))).toEqual(network);
});

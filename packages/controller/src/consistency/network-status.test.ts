import { formatAddress } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { readNetworkStatus } from "./network-status.ts";

function read(text: string): readonly string[] | undefined {
  return readNetworkStatus(text)?.map(({ address, network, ifName }) =>
    [formatAddress(address), ifName, network].join(" "),
  );
}

test("every address of every network is read, as Multus writes it", () => {
  const text = `[{
    "name": "kindnet", "interface": "eth0", "ips": ["10.244.1.7", "fd00:10:244::7"], "mac": "5a:4b:00:00:00:01",
    "default": true, "dns": {}
  },{
    "name": "default/macvlan-conf", "interface": "net1", "ips": ["172.16.1.200"], "dns": {}
  }]`;
  expect(read(text)).toEqual([
    "10.244.1.7 eth0 kindnet",
    "fd00:10:244::7 eth0 kindnet",
    "172.16.1.200 net1 default/macvlan-conf",
  ]);
});

test.each([
  ["without an address", '[{"name":"a","interface":"net1"}]', []],
  ["without networks", "[]", []],
  ["without an interface or a name", '[{"ips":["10.0.0.5"]}]', ["10.0.0.5  "]],
  ["with prefix lengths", '[{"ips":["10.0.0.5/24","fd00::5/64"]}]', ["10.0.0.5  ", "fd00::5  "]],
  ["with another spelling of an address", '[{"ips":["FD00:0::5"]}]', ["fd00::5  "]],
])("a status %s is read", (_, text, expected) => {
  expect(read(text)).toEqual(expected);
});

test.each([
  ["no JSON", "[{"],
  ["no list", '{"name":"a"}'],
  ["a list of something else", '["10.0.0.5"]'],
  ["a list with nothing", "[null]"],
  ["an address that is none", '[{"ips":["10.0.0.5","10.0.0.256"]}]'],
  ["an address that is a number", '[{"ips":[10]}]'],
  ["addresses that are no list", '[{"ips":"10.0.0.5"}]'],
  ["an interface that is no text", '[{"interface":1,"ips":["10.0.0.5"]}]'],
  ["more addresses than a pod has", JSON.stringify([{ ips: Array.from({ length: 65 }, (_, at) => `10.0.0.${at}`) }])],
])("%s is no status", (_, text) => {
  expect(read(text)).toBeUndefined();
});

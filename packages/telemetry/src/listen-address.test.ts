import { expect, test } from "vitest";
import { parseListenAddress } from "./listen-address.ts";

test.each([
  ["127.0.0.1:9809", { host: "127.0.0.1", port: 9_809 }],
  ["0.0.0.0:0", { host: "0.0.0.0", port: 0 }],
  ["[::1]:65535", { host: "::1", port: 65_535 }],
  ["[::ffff:10.0.0.1]:1", { host: "::ffff:10.0.0.1", port: 1 }],
  ["localhost:80", { host: "localhost", port: 80 }],
])("%s is an address to listen on", (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each([
  "",
  "9809",
  ":9809",
  "::1:9809",
  "[::1]",
  "10.0.0.5",
  "10.0.0.5:65536",
  "10.0.0.5:x",
  "http://10.0.0.5:80",
  "a b:1",
])("%j is none", (text) => {
  expect(parseListenAddress(text)).toBeUndefined();
});

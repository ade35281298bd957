import { expect, test } from "vitest";
import { parseResolvConf } from "./resolv-conf.ts";

const NOTHING = { nameservers: [], search: [], options: [] };

test("every keyword that a result can hold is read", () => {
  const text = [
    "# made by hand",
    "nameserver 10.0.0.53",
    "  nameserver\t2001:db8::53  ",
    "domain example.org",
    "search a.example.org b.example.org",
    "options ndots:2 edns0",
    "options timeout:1",
    "sortlist 10.0.0.0",
    "",
  ].join("\n");
  expect(parseResolvConf(text)).toEqual({
    nameservers: ["10.0.0.53", "2001:db8::53"],
    domain: "example.org",
    search: ["a.example.org", "b.example.org"],
    options: ["ndots:2", "edns0", "timeout:1"],
  });
});

test.for([
  "",
  "\n\n",
  "# nameserver 10.0.0.53",
  ";nameserver 10.0.0.53",
  "nameserver",
  "search",
  "NAMESERVER 10.0.0.53",
])("%j says nothing", (text) => {
  expect(parseResolvConf(text)).toEqual(NOTHING);
});

test("the last search and the last domain stand, and a keyword alone changes neither", () => {
  const text = "search a b\nsearch c\ndomain x\ndomain y\nsearch\ndomain";
  expect(parseResolvConf(text)).toEqual({ ...NOTHING, search: ["c"], domain: "y" });
});

test("lines may end as in DOS", () => {
  expect(parseResolvConf("nameserver 10.0.0.53\r\noptions rotate\r\n")).toEqual({
    ...NOTHING,
    nameservers: ["10.0.0.53"],
    options: ["rotate"],
  });
});

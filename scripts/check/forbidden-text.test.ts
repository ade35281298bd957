import { expect, test } from "vitest";
import { inspectText } from "./forbidden-text.ts";

const mark = ["TO", "DO"].join("");
const registry = ["https:/", "registry.npmjs.org/zod"].join("/");

test.for([
  [`const socket = "${["", "home", "someone", "agent.sock"].join("/")}";`, "a path of one machine"],
  [`resolved: ${registry}`, "the address of a package registry"],
  [`source = "${["registry", "https://example.org/index"].join("+")}"`, "the address of a package registry"],
  [`// ${mark}: later`, "an unfinished mark"],
  [`It takes ${["@", "@NUMBER@", "@"].join("")} ms.`, "a placeholder"],
  [`${"<".repeat(7)} HEAD`, "a merge conflict"],
  ["/srv/checkout/packages/ip", "a path of this machine"],
] as const)("'%s' is found as %s", ([line, reason]) => {
  expect(inspectText("file.ts", `first\n${line}\n`, ["/srv/checkout"])).toEqual([`file.ts:2: ${reason}`]);
});

test.for([
  `a relative path such as ${[".", "work", "x"].join("/")} or docs/home/page/`,
  "https://kubernetes.io/docs and https://docs.npmjs.com",
  "the word todos, and a hackney",
  "/run/cluster-ipam/agent.sock, /opt/cni/bin, /var/lib/cluster-ipam",
])("'%s' is fine", (line) => {
  expect(inspectText("file.ts", line, ["/srv/checkout", "/"])).toEqual([]);
});

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "../test/temporary-folder.ts";
import { parseTools, readToolModules, versionFlags } from "./tool-module.ts";

const GO_MOD = `module example.org/tools

go 1.26

tool go.etcd.io/etcd/server/v3 // a single line

tool (
	k8s.io/kubernetes/cmd/kubectl
	// a comment
	example.org/plugins/v2
)

require (
	go.etcd.io/etcd/server/v3 v3.7.3 // indirect
	k8s.io/kubernetes v1.36.3
	k8s.io/kubernetes/cmd v0.1.0
)

require example.org/plugins/v2 v2.0.1
`;

test("single lines and blocks of go.mod name tools, with the version of the module that holds each", () => {
  expect(parseTools(GO_MOD)).toEqual([
    { name: "etcd", package: "go.etcd.io/etcd/server/v3", version: "v3.7.3" },
    { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl", version: "v0.1.0" },
    { name: "plugins", package: "example.org/plugins/v2", version: "v2.0.1" },
  ]);
});

function writeModule(parent: string, name: string, goMod: string, goSum = ""): void {
  mkdirSync(join(parent, name), { recursive: true });
  writeFileSync(join(parent, name, "go.mod"), goMod);
  writeFileSync(join(parent, name, "go.sum"), goSum);
}

test("a changed version or checksum changes the module's hash, and nothing else does", () => {
  const parent = makeTemporaryFolder();
  const hashOf = (goMod: string, goSum: string): string | undefined => {
    writeModule(parent, "one", goMod, goSum);
    return readToolModules(parent)[0]?.hash;
  };
  const first = hashOf(GO_MOD, "sum");
  expect(first).toMatch(/^[0-9a-f]{16}$/);
  expect(hashOf(GO_MOD.replace("v3.7.3", "v3.7.4"), "sum")).not.toBe(first);
  expect(hashOf(GO_MOD, "other sum")).not.toBe(first);
  expect(hashOf(GO_MOD, "sum")).toBe(first);
});

test("two modules that provide one name are refused with both of their names", () => {
  const parent = makeTemporaryFolder();
  writeModule(parent, "one", "tool example.org/a/bridge\n");
  writeModule(parent, "two", "tool example.org/b/bridge\n");
  expect(() => readToolModules(parent)).toThrow("both one and two provide bridge");
});

test("programs of Kubernetes are told their version, and no other is", () => {
  const kubelet = { name: "kubelet", package: "k8s.io/kubernetes/cmd/kubelet", version: "v1.36.3" };
  expect(versionFlags(kubelet)).toContain("version.gitVersion=v1.36.3");
  expect(versionFlags(kubelet)).toContain("version.gitMinor=36");
  expect(versionFlags({ name: "etcd", package: "go.etcd.io/etcd/server/v3", version: "v3.7.3" })).toBe("");
});

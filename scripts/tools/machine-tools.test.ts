import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "../test/temporary-folder.ts";
import { findKubectl, readAssets } from "./machine-tools.ts";

const BUILT = { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl", version: "v1.36.3" };

function writeProgram(folder: string, name: string, body = "exit 0"): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

const printVersion = (gitVersion: string): string => `echo '${JSON.stringify({ clientVersion: { gitVersion } })}'`;

test("a complete assets folder provides the control plane's programs", () => {
  const folder = makeTemporaryFolder();
  for (const name of ["etcd", "kube-apiserver", "kubectl"]) writeProgram(folder, name);
  expect([...readAssets(folder)]).toEqual([
    ["etcd", join(folder, "etcd")],
    ["kube-apiserver", join(folder, "kube-apiserver")],
    ["kubectl", join(folder, "kubectl")],
  ]);
});

test("an assets folder that lacks programs is refused in one line that names them", () => {
  const folder = makeTemporaryFolder();
  writeProgram(folder, "etcd");
  writeFileSync(join(folder, "kubectl"), "not executable");
  mkdirSync(join(folder, "kube-apiserver"));
  expect(() => readAssets(folder)).toThrow(/^[^\n]*lacks kube-apiserver, kubectl[^\n]*$/);
});

test.for([
  ["v1.35.0", true],
  ["v1.36.3", true],
  ["v1.37.1", true],
  ["v1.34.9", false],
  ["v1.38.0", false],
  ["v1.36.3-dispatcher", false],
  ["v2.36.0", false],
  ["", false],
] as const)("a kubectl of version '%s' on the machine is used: %s", async ([version, isUsed]) => {
  const folder = makeTemporaryFolder();
  const path = writeProgram(folder, "kubectl", printVersion(version));
  expect(await findKubectl(folder, BUILT)).toBe(isUsed ? path : undefined);
});

test("a kubectl that does not start or prints something else is passed over", async () => {
  const folder = makeTemporaryFolder();
  writeProgram(folder, "kubectl", "exit 1");
  expect(await findKubectl(folder, BUILT)).toBeUndefined();
  writeProgram(folder, "kubectl", "echo Client Version: v1.36.3");
  expect(await findKubectl(folder, BUILT)).toBeUndefined();
});

test("only the first kubectl of the search path counts, since that is what a shell would run", async () => {
  const folder = makeTemporaryFolder();
  writeProgram(join(folder, "first"), "kubectl", printVersion("v1.20.0"));
  writeProgram(join(folder, "second"), "kubectl", printVersion("v1.36.3"));
  expect(await findKubectl(`${folder}/none:${folder}/first:${folder}/second`, BUILT)).toBeUndefined();
});

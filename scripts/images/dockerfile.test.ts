import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { BINARIES } from "../build/binaries.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const stages = readFileSync(join(ROOT, "Dockerfile"), "utf8")
  .split(/^FROM /m)
  .slice(1);

function stageOf(program: string): string {
  const target = program.replace("cluster-ipam-", "");
  const stage = stages.find((text) => text.split("\n")[0]?.endsWith(` AS ${target}`));
  if (stage === undefined) throw new Error(`the Dockerfile has no target ${target}`);
  return stage;
}

/** What the launcher's shell lines export, as words. */
function exported(prelude: string): readonly string[] {
  return prelude
    .replace(/^export /, "")
    .split(" ")
    .filter((word) => word !== "");
}

test.for(BINARIES)("the image of $name starts it as its launcher does, without a shell", ({ name, ...binary }) => {
  const stage = stageOf(name);
  const entry = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(stage)?.[1] ?? "[]") as readonly string[];
  const lib = "/opt/cluster-ipam/lib";
  expect(entry).toEqual([`${lib}/node`, ...binary.nodeOptions, `${lib}/${name}.js`]);
  expect(/^ENV (.*)$/m.exec(stage)?.[1]?.split(" ") ?? []).toEqual(exported(binary.prelude));
});

test("the images are made of files alone: nothing runs and nothing is fetched while they are built", () => {
  const instructions = stages.flatMap((stage) => stage.match(/^[A-Z]+(?= )/gm) ?? []);
  expect(new Set(instructions)).toEqual(new Set(["ARG", "COPY", "ENTRYPOINT", "ENV", "LABEL", "USER", "WORKDIR"]));
  const sources = stages.flatMap((stage) =>
    [...stage.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, from]) => from?.split(" ")),
  );
  for (const source of sources) expect(source).toMatch(/^(LICENSE$|dist\/\$\{TARGETARCH\}\/)/);
});

test("no label is empty in an image that is built by hand, and the image below has a tag", () => {
  const text = readFileSync(join(ROOT, "Dockerfile"), "utf8");
  const defaults = new Map([...text.matchAll(/^ARG (\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
  expect(defaults.get("BASE")).toMatch(/:[\w.-]+$/);
  const labels = [...text.matchAll(/org\.opencontainers\.image\.\w+="(.*?)"/g)].map(([, value = ""]) => value);
  expect(labels.length).toBeGreaterThan(5);
  for (const label of labels) expect(label.replace(/\$\{(\w+)\}/g, (_, name) => defaults.get(name) ?? "")).not.toBe("");
});

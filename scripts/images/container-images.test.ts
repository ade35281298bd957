import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildImages, type ImageOptions } from "./container-images.ts";

const OPTIONS: ImageOptions = { registry: "example.org/tools", tag: "0.1.0", revision: "4f1c0de" };

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "cluster-ipam-images-"));
  for (const folder of ["bin", "lib"]) mkdirSync(join(root, "dist", folder), { recursive: true });
  writeFileSync(join(root, "dist/bin/cluster-ipam"), "");
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** The commands that building both images takes. */
async function commandsOf(options: ImageOptions): Promise<readonly string[]> {
  const commands: string[] = [];
  const run = (...args: readonly string[]): Promise<readonly string[]> => {
    commands.push(args.join(" "));
    return Promise.resolve([]);
  };
  await buildImages(root, { run }, options);
  return commands;
}

test("each image is built with its version and its commit, under its name", async () => {
  const commands = await commandsOf(OPTIONS);
  expect(commands).toHaveLength(2);
  for (const [index, target] of ["agent", "controller"].entries()) {
    expect(commands[index]).toContain(`--target ${target} `);
    expect(commands[index]).toContain("--build-arg VERSION=0.1.0 --build-arg REVISION=4f1c0de ");
    expect(commands[index]).toContain(`--tag example.org/tools/cluster-ipam-${target}:0.1.0 .`);
  }
});

test("a label says where the source is, and there is none where nobody says it", async () => {
  for (const command of await commandsOf(OPTIONS)) expect(command).not.toContain("org.opencontainers.image.source");
  for (const command of await commandsOf({ ...OPTIONS, source: "https://example.org/ipam" })) {
    expect(command).toContain("--label org.opencontainers.image.source=https://example.org/ipam ");
  }
});

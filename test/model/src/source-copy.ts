import { cp, mkdir, readdir, symlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");
/** What a package needs to run; tests and what a build made are left behind. */
const NEEDED = ["package.json", "node_modules", "src"];

/**
 * Copies the packages and the model into `folder`, so that one can be changed and the other run on it. Dependencies
 * are not copied but linked to; the links between packages stay within the copy.
 */
export async function copySources(folder: string): Promise<void> {
  await mkdir(join(folder, "test"), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const packages = (await readdir(join(ROOT, "packages"))).map((name) => `packages/${name}`);
  for (const place of [...packages, "test/model"]) await copyPackage(place, folder);
}

async function copyPackage(place: string, folder: string): Promise<void> {
  const from = join(ROOT, place);
  const there = new Set(await readdir(from));
  for (const name of NEEDED.filter((needed) => there.has(needed))) {
    // The links of node_modules are relative: taken as they are, they lead into the copy.
    const options = { recursive: true, verbatimSymlinks: true, filter: (path: string) => !path.endsWith(".test.ts") };
    await cp(join(from, name), join(folder, place, name), options);
  }
}

/** A mistake that somebody might make, kept as a patch to the shipped modules. */
export interface Mistake {
  /** Its file's name without `.patch`. */
  readonly name: string;
  readonly path: string;
}

/** Every mistake that is kept. */
export async function listMistakes(): Promise<Mistake[]> {
  const folder = join(ROOT, "test/model/mistakes");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".patch"));
  return files.toSorted().map((file) => ({ name: basename(file, ".patch"), path: join(folder, file) }));
}

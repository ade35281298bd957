import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../process/failure.ts";

/** One program that a Go module provides. */
export interface Tool {
  /** File name of the binary. */
  readonly name: string;
  /** Import path of its main package. */
  readonly package: string;
  /** Version of the module that holds the package, as pinned in go.mod. */
  readonly version: string;
}

/** A folder with a go.mod whose `tool` lines name programs, all pinned by it and its go.sum. */
export interface ToolModule {
  /** Name of the folder. */
  readonly name: string;
  readonly folder: string;
  /** Changes whenever a pinned version, a checksum, the way of building or the platform does. */
  readonly hash: string;
  readonly tools: readonly Tool[];
}

/** Programs whose import path does not end in the name that everybody calls them by. */
const NAMES: Readonly<Record<string, string>> = { "go.etcd.io/etcd/server/v3": "etcd" };

/**
 * Reads every `go.mod` one level below a folder.
 *
 * @throws Failure when two modules provide programs of the same name.
 */
export function readToolModules(parent: string): readonly ToolModule[] {
  const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const modules = folders.map(({ name }) => readToolModule(name, join(parent, name)));
  const owners = new Map<string, string>();
  for (const { name, tools } of modules) {
    for (const tool of tools) {
      const owner = owners.get(tool.name);
      if (owner !== undefined) throw new Failure(`test tools: both ${owner} and ${name} provide ${tool.name}`);
      owners.set(tool.name, name);
    }
  }
  return modules;
}

function readToolModule(name: string, folder: string): ToolModule {
  const goMod = readFileSync(join(folder, "go.mod"), "utf8");
  const tools = parseTools(goMod);
  const hash = createHash("sha256").update(`${process.platform}/${process.arch}\n`).update(goMod);
  hash.update(readFileSync(join(folder, "go.sum"))).update(tools.map(versionFlags).join(""));
  return { name, folder, hash: hash.digest("hex").slice(0, 16), tools };
}

/**
 * What the linker is told, for programs of Kubernetes, so that they say their version: those who talk to an API server
 * go by it (`helm install` refuses one that is too old). Others read theirs from what Go itself writes into a program.
 */
export function versionFlags({ package: path, version }: Tool): string {
  if (!path.startsWith("k8s.io/kubernetes/")) return "";
  const [major = "", minor = ""] = version.slice(1).split(".");
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor };
  return Object.entries(values)
    .map(([name, value]) => ` -X k8s.io/component-base/version.${name}=${value}`)
    .join("");
}

/** The programs that a go.mod names with `tool`, single lines and blocks alike. */
export function parseTools(goMod: string): readonly Tool[] {
  const versions = new Map(directive(goMod, "require").map((line) => line.split(/\s+/) as [string, string]));
  return directive(goMod, "tool").map((path) => ({
    name: toolName(path),
    package: path,
    version: versionOf(path, versions),
  }));
}

/** The arguments of every use of a go.mod directive, without comments. */
function directive(goMod: string, keyword: string): readonly string[] {
  const found: string[] = [];
  let isInBlock = false;
  for (const raw of goMod.split("\n")) {
    const line = raw.replace(/\/\/.*$/, "").trim();
    if (isInBlock && line === ")") isInBlock = false;
    else if (isInBlock && line !== "") found.push(line);
    else if (new RegExp(`^${keyword}\\s*\\($`).test(line)) isInBlock = true;
    else if (line.startsWith(`${keyword} `)) found.push(line.slice(keyword.length).trim());
  }
  return found;
}

function toolName(path: string): string {
  const elements = path.split("/").filter((element) => !/^v\d+$/.test(element));
  return NAMES[path] ?? elements.at(-1) ?? path;
}

function versionOf(path: string, versions: ReadonlyMap<string, string>): string {
  const owners = [...versions.keys()].filter((module) => path === module || path.startsWith(`${module}/`));
  const longest = owners.reduce((best, module) => (module.length > best.length ? module : best), "");
  return versions.get(longest) ?? "of this module";
}

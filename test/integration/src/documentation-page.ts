import { readFile } from "node:fs/promises";
import { join } from "node:path";

const DOCS = join(import.meta.dirname, "../../../docs");

/** Reads a page of docs/, such as `install.md`. */
export function readPage(name: string): Promise<string> {
  return readFile(join(DOCS, name), "utf8");
}

/** What stands below a heading such as `## Upgrading`, up to the next one of its level. @throws Error where there is none */
export function sectionOf(page: string, heading: string): string {
  const [, text] = page.split(`\n${heading}\n`);
  if (text === undefined) throw new Error(`the page has no heading "${heading}"`);
  const level = heading.slice(0, heading.indexOf(" ") + 1);
  return text.split(`\n${level}`, 1)[0] ?? "";
}

/** The commands of a page's shell examples, in their order: each on one line, without its comment. */
export function shellCommands(page: string): readonly string[] {
  const shells = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, shell = ""]) => shell.replaceAll(/\\\n\s*/g, ""));
  const lines = shells.flatMap((shell) => shell.split("\n")).map((line) => line.replace(/(^|\s+)#.*$/, ""));
  return lines.filter((line) => line !== "");
}

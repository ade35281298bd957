import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CATALOGUE, type CatalogueEntry } from "./catalogue.ts";

/** First code of a plugin's own (CNI specification, "Error"). */
const FIRST_OWN_CNI_CODE = 100;
/** Codes of the specification that runtimes act on, and that so stand for several causes of ours. */
const SHARED_CNI_CODES = [7, 11];
/** "Try again later". */
const TRY_AGAIN_LATER = 11;

const entries = Object.entries(CATALOGUE);
const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");

test("docs/errors.md has a row for each entry of the catalogue, with the same content, and no other row", () => {
  const documented = page.split("\n").filter((line) => line.startsWith("| `"));
  expect(documented).toEqual(entries.map(([code, entry]) => rowOf(code, entry)));
});

test.for(entries.filter(([, { cni }]) => !SHARED_CNI_CODES.includes(cni)))(
  "%s has its CNI code to itself",
  ([code, { cni }]) => {
    expect(entries.filter(([, entry]) => entry.cni === cni).map(([name]) => name)).toEqual([code]);
  },
);

test("a CNI code is one of those that the specification defines, or from 100 on", () => {
  const defined = [1, 2, 3, 4, 5, 6, 7, 11, 50, 51];
  const foreign = entries.filter(([, { cni }]) => cni < FIRST_OWN_CNI_CODE && !defined.includes(cni));
  expect(foreign).toEqual([]);
});

test("what runtimes are told to try again is retryable", () => {
  const fixed = entries.filter(([, { cni, retryable }]) => cni === TRY_AGAIN_LATER && !retryable);
  expect(fixed).toEqual([]);
});

test.for(entries)("%s has an HTTP status of an error, a server's own when the input may stay as it is", ([, entry]) => {
  expect(entry.http).toBeGreaterThanOrEqual(400);
  expect(entry.http).toBeLessThan(600);
  // 409 also says that the state, not the input, is in the way.
  if (entry.retryable) expect([409, 500, 503]).toContain(entry.http);
  else expect(entry.http).toBeLessThan(500);
});

test.for(entries)("%s says what happened and what to do in whole sentences", ([, { happened, todo }]) => {
  for (const text of [happened, todo]) {
    expect(text).toMatch(/^[A-Z].*\.$/);
    // Would end the cell of the table early.
    expect(text).not.toMatch(/[|\n]/);
  }
});

test("the native host's own last words are an internal error", () => {
  const source = readFileSync(new URL("../../../cmd/cluster-ipam/native/src/last_words.rs", import.meta.url), "utf8");
  expect(source).toContain(`"code":${CATALOGUE.internal.cni},"msg":"unexpected error: `);
});

function rowOf(code: string, { cni, http, retryable, happened, todo }: CatalogueEntry): string {
  return `| \`${code}\` | ${cni} | ${http} | ${retryable ? "yes" : "no"} | ${happened} | ${todo} |`;
}

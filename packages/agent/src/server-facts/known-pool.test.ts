import type { ObjectMeta } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { poolOf } from "../testing/objects.ts";
import { type KnownPool, knownPool } from "./known-pool.ts";

function read(metadata: Partial<ObjectMeta>, previous?: KnownPool): KnownPool {
  const pool = poolOf("lan", ["10.0.0.0/24"]);
  return knownPool({ ...pool, metadata: { ...pool.metadata, ...metadata } }, previous);
}

test("a pool of the same version is the one that is known", () => {
  const first = read({ generation: 1 });
  expect(read({ generation: 1 }, first)).toBe(first);
});

test("a pool whose status was written has the same range sets, and what is remembered of them", () => {
  const first = read({ generation: 1 });
  const before = first.rangeSets();
  const second = read({ generation: 1, resourceVersion: "2" }, first);
  expect(second).not.toBe(first);
  expect(second.rangeSets()).toBe(before);
  expect(read({ generation: 1, resourceVersion: "3" }, second).rangeSets()).toBe(before);
});

test.each([
  ["was edited", { generation: 2, resourceVersion: "2" }],
  ["was deleted and made again", { generation: 1, resourceVersion: "2", uid: "another" }],
  ["is of a server that counts no generations", { resourceVersion: "2" }],
])("a pool that %s has others", (_, metadata) => {
  const first = read("generation" in metadata ? { generation: 1 } : {});
  const before = first.rangeSets();
  expect(read(metadata, first).rangeSets()).not.toBe(before);
});

import { attachedLease } from "@cluster-ipam/allocator/testing";
import type { IPLease, ObjectMeta } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import { beforeEach, expect, test } from "vitest";
import { OddLeases } from "./odd-leases.ts";

let odd: OddLeases;

beforeEach(() => {
  odd = new OddLeases();
});

function look(address: string, addressSpace: string, metadata: Partial<ObjectMeta> = {}): IPLease {
  const lease = attachedLease(address, { addressSpace });
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(address);
  odd.look({ ...lease, metadata: { ...lease.metadata, ...metadata } }, parsed);
  return lease;
}

test.each([
  ["10.0.0.5", ""],
  ["10.0.0.5", "blue"],
  ["fd00::5", ""],
  ["fd00::5", "blue"],
])("a lease of %s in space %j as every lease is costs nothing, deleted or not", (address, space) => {
  look(address, space);
  look(address, space, { deletionTimestamp: "2026-01-02T03:04:05Z", finalizers: [] });
  expect([...odd.all()]).toEqual([]);
});

test.each([
  ["10.0.0.5", "", "10.0.0.6", "10.0.0.5"],
  ["10.0.0.5", "blue", "10.0.0.5", "blue.10.0.0.5"],
  ["10.0.0.5", "", "blue.10.0.0.5", "10.0.0.5"],
  ["fd00::5", "", "fd00-0000-0000-0000-0000-0000-0000-0006", "fd00-0000-0000-0000-0000-0000-0000-0005"],
])("a lease of %s in space %j is odd when it is called %s", (address, space, name, properName) => {
  look(address, space, { name });
  expect(odd.get(name)).toMatchObject({ name, properName, address, addressSpace: space });
});

test("a lease is odd while it bears a finalizer", () => {
  const finalizers = ["example.com/keep"];
  const { name } = look("10.0.0.5", "", { finalizers }).metadata;
  expect(odd.get(name)).toMatchObject({ finalizers, isEnding: false });
  look("10.0.0.5", "", { finalizers, deletionTimestamp: "2026-01-02T03:04:05Z" });
  expect(odd.get(name)).toMatchObject({ isEnding: true });
  look("10.0.0.5", "");
  expect(odd.get(name)).toBeUndefined();
  look("10.0.0.5", "", { finalizers });
  odd.forget(name);
  expect([...odd.all()]).toEqual([]);
});

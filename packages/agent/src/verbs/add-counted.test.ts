import { MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { beforeEach, expect, test } from "vitest";
import { written } from "../testing/agent-world.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { MeterNotes } from "../testing/meter-notes.ts";
import { poolOf } from "../testing/objects.ts";

function makeWorld(meter: MeterNotes): MemoryWorld {
  const pools = new MemoryPoolStore();
  pools.put(poolOf("lan", ["10.0.0.0/24"]));
  return memoryWorld({ pools, meter });
}

let meter: MeterNotes;
let world: MemoryWorld;

beforeEach(async () => {
  meter = new MeterNotes();
  world = makeWorld(meter);
  await world.load();
});

/** Takes the address that the world's next ADD would get, for a container of another node. */
async function takeFirstChoice(): Promise<void> {
  const other = makeWorld(new MeterNotes());
  await other.load();
  await other.add();
  const [lease] = other.leases.snapshot();
  if (lease === undefined) throw new Error("there is no lease");
  const spec = { ...lease.spec, node: "n2", containerID: "c9", holder: "", pod: undefined };
  await written(world.leases, { ...lease, spec: JSON.parse(JSON.stringify(spec)) as typeof lease.spec });
}

test("an ADD that gets its first choice has met nobody", async () => {
  await world.add();
  expect(meter.notes).toEqual(["conflicts 0"]);
});

test("an ADD counts the creates that found the address taken", async () => {
  await takeFirstChoice();
  await world.add();
  expect(meter.notes).toEqual(["conflicts 1"]);
});

test("an ADD that fails over a taken address counts it too", async () => {
  await takeFirstChoice();
  const [taken] = world.leases.snapshot();
  await expect(world.add({ args: `IP=${taken?.spec.address ?? ""}` })).rejects.toMatchObject({ code: "address-taken" });
  expect(meter.notes).toEqual(["conflicts 1"]);
});

test("a write that is made again is a retry and no conflict", async () => {
  world.leases.faults.failWrites("create", { kind: "lost" }, { kind: "lost" });
  const added = world.add();
  for (let retries = 0; retries < 2; retries += 1) await world.clock.advance(1_000);
  await added;
  expect(meter.notes).toEqual(["retried", "retried", "conflicts 0"]);
});

import {
  FakeClock,
  MemoryLeaseStore,
  MemoryPoolStore,
  seededRandom,
  type WriteFault,
} from "@cluster-ipam/allocator/testing";
import type { SpooledRelease } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AgentWorld, never, written } from "../testing/agent-world.ts";
import { attachmentOf } from "../testing/cni-calls.ts";
import { MemorySpool } from "../testing/memory-spool.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";
import { settlePending } from "./settle-pending.ts";

/** Few addresses, so that each passes through many hands. */
const POOL = poolOf("lan", [], { ranges: [{ subnet: "10.0.0.0/29", assign: "Any" }] });
const ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"];
const WEB = { namespace: "shop", name: "web-0", uid: "uid-web-0" };
const DB = { namespace: "shop", name: "db-0", uid: "uid-db-0" };
/** Two sandboxes of one pod, of which the later one takes over what the earlier has, and one of another. */
const SANDBOXES = [
  { containerId: "c1", pod: WEB },
  { containerId: "c2", pod: WEB },
  { containerId: "c3", pod: DB },
] as const;
/** Far above the clock of this boot. */
const EARLIER_BOOT_NS = 9_999_999n;

const who = fc.constantFrom(...SANDBOXES);
const fault = fc.constantFrom<WriteFault>({ kind: "lost" }, { kind: "answer-lost" });
const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("add" as const), who, ageNs: fc.constantFrom(0n, 0n, 0n, 3n, 9n) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("del" as const), who, ageNs: fc.constantFrom(0n, 0n, 5n) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("spool" as const), who }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("replay" as const), nth: fc.nat(30), isOfEarlierBoot: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("round" as const), afterMs: fc.constantFrom(0, 20_000, 130_000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("outage" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("other-node" as const), address: fc.constantFrom(...ADDRESSES) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("fault" as const),
      on: fc.constantFrom("create" as const, "replace" as const, "delete" as const),
      fault,
    }),
  },
);
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

test("no DEL releases a newer holder's lease, whatever is replayed, and in whatever order", {
  timeout: 120_000,
}, async () => {
  const seen: Seen = { holders: 0, replays: 0, releases: 0, takeOvers: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(act, fc.boolean()), { minLength: 20, maxLength: 60 }),
      fc.nat(),
      async (acts, seed) => {
        const run = new Run(seed, seen);
        await run.start();
        for (const [each, isAwaited] of acts) await run.perform(each, isAwaited);
        await run.end();
      },
    ),
    { numRuns: 400 },
  );
  // The runs must have met what they are about.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
});

/** How often runs met what they are about. */
type Seen = Record<"holders" | "replays" | "releases" | "takeOvers", number>;

/** One node, its agents one after the other, and what its callers know. */
class Run {
  readonly #seen: Seen;
  readonly #random: () => number;
  readonly #leases: MemoryLeaseStore;
  readonly #pools = new MemoryPoolStore();
  readonly #clock = new FakeClock({ isAutomatic: true });
  readonly #spool = new MemorySpool();
  /** Every release that was ever spooled. */
  readonly #files: SpooledRelease[] = [];
  /** Names of leases by the sandbox whose last call was an ADD that returned them. */
  readonly #holdings = new Map<string, string>();
  readonly #others = new Set<string>();
  readonly #lastCallNs = new Map<string, bigint>();
  readonly #running = new Set<Promise<void>>();
  #world: AgentWorld<MemoryLeaseStore, MemoryPoolStore, FakeClock>;
  #nowNs = 100_000n;
  #begun = 0n;

  constructor(seed: number, seen: Seen) {
    this.#seen = seen;
    this.#random = seededRandom(seed);
    this.#leases = new MemoryLeaseStore(() => this.#pace());
    this.#pools.put(POOL);
    this.#world = this.#makeWorld();
  }

  async start(): Promise<void> {
    this.#world.agent.spooled.look();
    await this.#world.load();
  }

  /** Does what is to be done; it goes on beside what comes next unless `isAwaited`. */
  async perform(each: Act, isAwaited: boolean): Promise<void> {
    const running = this.#do(each).finally(() => this.#running.delete(running));
    this.#running.add(running);
    // Calls that a killed agent had under way would go on here: a restart waits for them, and all that follows for it.
    if (isAwaited || each.kind === "restart") await running;
    else await this.#pace();
    this.#check(each.kind);
  }

  async end(): Promise<void> {
    this.#world.circuit.close();
    await Promise.all(this.#running);
    for (const afterMs of [0, 130_000, 130_000]) await this.#round(afterMs);
    this.#check("the end");
  }

  async #do(each: Act): Promise<void> {
    switch (each.kind) {
      case "add":
        return this.#add(each);
      case "del":
        return this.#del(each);
      case "spool":
        return this.#spoolDel(each.who);
      case "replay":
        return this.#replay(each);
      case "round":
        return this.#round(each.afterMs);
      case "restart":
        return this.#restart();
      case "outage":
        return this.#world.circuit.state.kind === "closed" ? this.#world.circuit.open() : this.#world.circuit.close();
      case "other-node":
        return this.#takeElsewhere(each.address);
      case "fault":
        return this.#leases.faults.failWrites(each.on, each.fault);
    }
  }

  async #add({ who: sandbox, ageNs }: Extract<Act, { kind: "add" }>): Promise<void> {
    const startedAtNs = this.#begin(ageNs);
    const { containerId } = sandbox;
    const isLatest = startedAtNs > (this.#lastCallNs.get(containerId) ?? 0n);
    if (isLatest) this.#callBegins(containerId, startedAtNs);
    // A new sandbox is there because the earlier one is dead.
    for (const { containerId: other, pod } of SANDBOXES) {
      if (pod === sandbox.pod && startedAtNs > (this.#lastCallNs.get(other) ?? 0n)) this.#holdings.delete(other);
    }
    try {
      const address = await this.#world.addOne({ ...sandbox, startedAtNs });
      const isStillLatest = this.#lastCallNs.get(containerId) === startedAtNs;
      const isSucceeded = SANDBOXES.some(
        (other) => other.pod === sandbox.pod && (this.#lastCallNs.get(other.containerId) ?? 0n) > startedAtNs,
      );
      if (!isStillLatest || isSucceeded) return;
      this.#holdings.set(containerId, address);
      this.#seen.holders += 1;
      if (containerId === "c2") this.#seen.takeOvers += 1;
    } catch (error) {
      if (!(error instanceof IpamError)) throw error;
    }
  }

  async #del({ who: sandbox, ageNs }: Extract<Act, { kind: "del" }>): Promise<void> {
    const startedAtNs = this.#begin(ageNs);
    const { containerId } = sandbox;
    if (startedAtNs > (this.#lastCallNs.get(containerId) ?? 0n)) this.#callBegins(containerId, startedAtNs);
    this.#files.push(this.#fileOf(containerId, startedAtNs));
    const before = this.#leases.snapshot().length;
    await this.#world.del({ ...sandbox, startedAtNs });
    if (this.#leases.snapshot().length < before) this.#seen.releases += 1;
  }

  #spoolDel({ containerId }: (typeof SANDBOXES)[number]): void {
    const startedAtNs = this.#begin(0n);
    this.#callBegins(containerId, startedAtNs);
    const file = this.#fileOf(containerId, startedAtNs);
    this.#files.push(file);
    this.#spool.put(file);
  }

  #replay({ nth, isOfEarlierBoot }: Extract<Act, { kind: "replay" }>): void {
    const file = this.#files[nth % Math.max(1, this.#files.length)];
    if (file === undefined) return;
    this.#spool.put(isOfEarlierBoot ? { ...file, bootId: "boot-0", startedAtNs: EARLIER_BOOT_NS } : file);
    this.#seen.replays += 1;
  }

  async #round(afterMs: number): Promise<void> {
    await this.#clock.advance(afterMs);
    const { agent } = this.#world;
    agent.spooled.look();
    await settlePending(never(), agent);
    agent.spooled.settle();
  }

  async #restart(): Promise<void> {
    await Promise.all(this.#running);
    this.#world = this.#makeWorld();
    await this.start();
  }

  async #takeElsewhere(address: string): Promise<void> {
    const spec = { node: "n2", containerID: "c1", ifName: "net1" };
    const lease = leaseOf(address, spec);
    await written(this.#leases, lease).then(
      () => this.#others.add(address),
      () => undefined,
    );
  }

  /** The holders' leases are theirs, and so are those of the other node. */
  #check(after: string): void {
    const holderOf = new Map(
      this.#leases.snapshot().map(({ spec }) => [spec.address, `${spec.node}/${spec.containerID}`]),
    );
    for (const [containerId, address] of this.#holdings) {
      expect(holderOf.get(address), `${address} of ${containerId} after ${after}`).toBe(`n1/${containerId}`);
    }
    for (const address of this.#others) expect(holderOf.get(address), `${address} after ${after}`).toBe("n2/c1");
  }

  #begin(ageNs: bigint): bigint {
    this.#nowNs += 1_000n;
    this.#begun += 1n;
    // No two calls begin at one nanosecond: which of them a lease is of could not be told.
    return this.#nowNs - (ageNs === 0n ? 0n : ageNs * 1_000n + 1n + (this.#begun % 999n));
  }

  #callBegins(containerId: string, startedAtNs: bigint): void {
    this.#lastCallNs.set(containerId, startedAtNs);
    this.#holdings.delete(containerId);
  }

  #fileOf(containerId: string, startedAtNs: bigint): SpooledRelease {
    return { attachment: attachmentOf({ containerId }), startedAtNs, bootId: "boot-1" };
  }

  #makeWorld(): AgentWorld<MemoryLeaseStore, MemoryPoolStore, FakeClock> {
    const parts = { leases: this.#leases, pools: this.#pools, clock: this.#clock, spool: this.#spool };
    return new AgentWorld({ ...parts, random: this.#random });
  }

  async #pace(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 6); turns > 0; turns -= 1) await Promise.resolve();
  }
}

import { rangeSetsOf, type StatusWrite } from "@cluster-ipam/allocator";
import type { TestNetwork } from "@cluster-ipam/allocator/testing";
import type { IPPool } from "@cluster-ipam/api";
import { createLogger } from "@cluster-ipam/telemetry";
import type { LeaseFact } from "../leases/lease-fact.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { StatusKeeper } from "../pool-status/status-keeper.ts";
import { PoolTable } from "../pools/pool-table.ts";
import { leaseOf, poolOf } from "./facts.ts";

/** How a pool differs from one of the first eight addresses of the network. */
interface Change {
  readonly generation?: number;
  readonly subnet?: string;
  readonly start?: string;
  readonly end?: string;
  readonly exclude?: readonly string[];
  readonly assign?: "OnRequest";
}

/** Pools and leases of one network, and a keeper of statuses whose writes a test sees. */
export class KeepingWorld {
  readonly leases: LeaseTable = new LeaseTable();
  readonly written: NonNullable<IPPool["status"]>[] = [];
  /** Conditions that changed, such as `Ready=True`. */
  readonly told: string[] = [];
  /** What each look found, such as `lab 3` for three addresses in use. */
  readonly shown: string[] = [];
  /** Writes that the server has done. */
  done = 0;
  nowMs = 1_000_000;
  /** Of every write; written when absent. */
  outcome: StatusWrite | undefined;
  readonly #network: TestNetwork;
  readonly #pools = new PoolTable((pool) => {
    try {
      return { sets: rangeSetsOf(pool), fault: undefined };
    } catch (error) {
      return { sets: [], fault: String(error) };
    }
  });
  readonly #keeper = new StatusKeeper({
    pools: this.#pools,
    leases: this.leases,
    strays: { all: () => [...this.leases.all()].filter((lease) => !this.#pools.handsOut(lease.pool, lease)) },
    nearlyFullPercent: 90,
    held: { of: () => ({ kind: "nothing" }) },
    nowMs: () => this.nowMs,
    timeOfDay: () => "2026-03-01T12:00:00Z",
    onCondition: (_, { type, status }) => this.told.push(`${type}=${status}`),
    onWrite: () => undefined,
    onWritten: () => {
      this.done += 1;
    },
    onStatus: (pool, status) => this.shown.push(`${pool} ${status?.used ?? "gone"}`),
    log: createLogger({}, "silent", { write: () => undefined }),
    store: {
      writeStatus: (pool) => {
        if (this.outcome !== undefined) return Promise.resolve(this.outcome);
        if (pool.status !== undefined) this.written.push(pool.status);
        return Promise.resolve({ kind: "written", pool });
      },
    },
  });

  constructor(network: TestNetwork) {
    this.#network = network;
  }

  keep(name: string = "lab"): Promise<number | undefined> {
    return this.#keeper.keep(name, new AbortController().signal);
  }

  /** Makes a pool, or edits it and leaves its status. */
  pool(name: string, { generation = 1, subnet = this.#network.part(8), ...bounds }: Change = {}): void {
    const status = this.#pools.get(name)?.pool.status;
    const pool = poolOf({ name, generation }, [{ subnet, ...bounds }]);
    this.#pools.set(status === undefined ? pool : { ...pool, status });
  }

  /** Leases the network's address of that number. */
  lease(number: number, some: Partial<LeaseFact> = {}): void {
    this.leases.set(leaseOf(this.#network.at(number), some));
  }
}

import type { LeaseStore } from "@cluster-ipam/allocator";
import { API_VERSION, type IPLease, type IPLeaseSpec, leaseName } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import { describe } from "./attachment-record.ts";
import type { Ledger } from "./ledger.ts";
import { type Act, NAMESPACES } from "./plan.ts";
import { describePool, poolObject } from "./pool-objects.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { addressText, type PoolPlan } from "./small-network.ts";
import type { Story } from "./story.ts";
import { Actor, type VirtualTime } from "./virtual-time.ts";

/** What somebody does with kubectl, or to the API server itself. */
export type AdministratorAct = Extract<
  Act,
  {
    kind:
      | "put-pool"
      | "delete-pool"
      | "reserve"
      | "end-reservation"
      | "delete-lease"
      | "rob"
      | "label"
      | "delete-block"
      | "outage";
  }
>;

/** What an administrator works with. */
export interface AdministratorParts {
  readonly time: VirtualTime;
  readonly story: Story;
  readonly server: SimulatedApiServer;
  readonly ledger: Ledger;
  readonly nodeOf: (name: string) => SimulatedNode;
}

/** What is done on the server is done at once. */
const NEVER = new AbortController().signal;

/** Makes, edits and deletes pools, reserves addresses by hand, and deletes leases that are in use. */
export class Administrator {
  readonly actor: Actor = new Actor("administrator");
  readonly #parts: AdministratorParts;
  readonly #leases: LeaseStore;

  constructor(parts: AdministratorParts) {
    this.#parts = parts;
    this.#leases = parts.server.leases.as({ kind: "administrator" });
  }

  /** Does it now. */
  do(act: AdministratorAct): void {
    switch (act.kind) {
      case "put-pool":
        return this.#putPool(act.pool);
      case "delete-pool":
        return void this.#deletePool(act.name);
      case "reserve":
        return void this.#reserve(act);
      case "end-reservation":
        return this.#endReservation(addressText(4, act.number));
      case "delete-lease":
        return this.#deleteUsed(addressText(4, act.number));
      case "rob":
        return this.#deleteUsed(this.#parts.ledger.of(act.attachment).holding?.[0]);
      case "label":
        return this.#label(act);
      case "delete-block":
        return this.#deleteBlock(act.node);
      case "outage":
        return this.#stopServer(act.durationMs);
    }
  }

  #putPool(plan: PoolPlan): void {
    const { server, story } = this.#parts;
    story.tell(`pool ${describePool(plan)}`);
    server.history.begin(plan);
    server.pools.put(poolObject(plan));
  }

  /** A pool, or those that agents made for a network of that name. */
  async #deletePool(name: string): Promise<void> {
    const { server, story } = this.#parts;
    story.tell(`pool ${name} is deleted`);
    server.history.end(name);
    const { pools: there } = await server.pools.list(NEVER);
    const meant = there.filter(({ metadata }) => metadata.name === name || metadata.name.startsWith(`${name}-`));
    for (const { metadata } of meant) server.pools.remove(metadata.name);
  }

  /** An IPv4 address is kept back, from everybody or for one pod; it stays where it is when somebody has it. */
  async #reserve({ number, podName }: Extract<Act, { kind: "reserve" }>): Promise<void> {
    const address = addressText(4, number);
    const whom = podName === undefined ? "" : ` for pod ${podName}`;
    this.#parts.story.tell(`${address} is reserved by hand${whom}, unless somebody has it`);
    const reserved = {
      reason: "a hand says so",
      ...(podName === undefined ? {} : { for: { namespace: NAMESPACES[0], name: podName } }),
    };
    const outcome = await this.#leases.create(reservation(address, reserved));
    if (outcome.kind === "taken") await this.#reserveHeld(address, reserved);
  }

  /** The address is in use already, by the pod that it is reserved for: it is from now on. */
  async #reserveHeld(name: string, reserved: NonNullable<IPLeaseSpec["reserved"]>): Promise<void> {
    const held = this.#parts.server.leases.named(name);
    const { pod, containerID } = held?.spec ?? {};
    if (held === undefined || containerID === "" || pod?.name !== reserved.for?.name) return;
    await this.#leases.replace({ ...held, spec: { ...held.spec, reserved } });
  }

  /** The reservation's owner does not want it any more. */
  #endReservation(name: string): void {
    const lease = this.#parts.server.leases.named(name);
    if (lease?.spec.reserved === undefined) return;
    if (lease.spec.containerID !== "") return this.#deleteUsed(name);
    this.#parts.story.tell(`the reservation of ${name} is deleted by hand`);
    this.#delete(lease);
  }

  /** Only under a living holder: all else is what releases are for. */
  #deleteUsed(name: string | undefined): void {
    const { ledger, server, story, nodeOf } = this.#parts;
    const record = ledger.records.find(({ holding = [] }) => holding.some((held) => held === name));
    const lease = name === undefined ? undefined : server.leases.named(name);
    if (name === undefined || record === undefined || record.robbed.has(name)) return;
    const { process } = nodeOf(record.plan.pod.node);
    story.tell(`the lease ${name} of ${describe(record.plan)} is deleted by hand`);
    ledger.leaseDeleted(record, name, process?.isLoaded === true ? process : undefined);
    if (lease !== undefined) this.#delete(lease);
  }

  #delete({ metadata: { name, uid = "", resourceVersion = "" } }: IPLease): void {
    void this.#leases.delete({ name, uid, resourceVersion });
  }

  #label({ of, name, zone }: Extract<Act, { kind: "label" }>): void {
    const { server, story } = this.#parts;
    story.tell(`${of} ${name} is ${zone === undefined ? "in no zone" : `in zone ${zone}`}`);
    server.zones.set(of, name, zone);
    if (of === "node") server.nodes.label(name, zone);
  }

  #deleteBlock(node: string): void {
    const { server, story } = this.#parts;
    const block = server.blocks.all().find(({ spec }) => spec.node === node);
    if (block === undefined) return;
    story.tell(`block ${block.spec.prefix} of ${node} is deleted by hand`);
    const { name, uid = "", resourceVersion = "" } = block.metadata;
    void server.blocks.as({ kind: "administrator" }).delete({ name, uid, resourceVersion });
  }

  #stopServer(durationMs: number): void {
    const { server, story, time } = this.#parts;
    story.tell(`the API server is away for ${(durationMs / 1_000).toFixed(1)} s`);
    server.isAway = true;
    time.schedule(this.actor, durationMs, () => {
      server.isAway = false;
    });
  }
}

function reservation(text: string, reserved: NonNullable<IPLeaseSpec["reserved"]>): IPLease {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`${text} is no address`);
  const nobody = { network: "", node: "", containerID: "", ifName: "", holder: "" };
  const spec = { address: text, prefixLength: 28, pool: "lan", addressSpace: "", ...nobody, reserved };
  return { apiVersion: API_VERSION, kind: "IPLease", metadata: { name: leaseName(address, "") }, spec };
}

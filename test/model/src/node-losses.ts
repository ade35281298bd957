import type { Chance } from "./chance.ts";
import type { Ledger } from "./ledger.ts";
import type { Act, NodeSign, Return } from "./plan.ts";
import type { SimulatedApiServer } from "./simulated-api-server.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { SimulatedRuntime } from "./simulated-runtime.ts";
import type { Story } from "./story.ts";
import { Actor, type VirtualTime } from "./virtual-time.ts";

/** What machines and their objects are changed with. */
export interface NodeLossParts {
  readonly time: VirtualTime;
  readonly story: Story;
  readonly server: SimulatedApiServer;
  readonly ledger: Ledger;
  readonly runtime: Pick<SimulatedRuntime, "add">;
  readonly chance: Chance;
  readonly nodeOf: (name: string) => SimulatedNode;
}

type LoseAct = Extract<Act, { kind: "lose-node" }>;
type DoubtAct = Extract<Act, { kind: "doubt-node" }>;

/** Number of the sandbox that a static pod has after its machine was off: later than those of a plan's lives. */
const RETURNED_SANDBOX = 5;

/** Machines that go off, and Node objects that say so or the like. */
export class NodeLosses {
  readonly #parts: NodeLossParts;
  readonly #cloud = new Actor("who runs the machines");

  constructor(parts: NodeLossParts) {
    this.#parts = parts;
  }

  /** The machine goes off; nobody says that of one that runs. */
  lose({ node, sign, signMs, evictMs, back }: LoseAct): void {
    const { story, server, ledger, nodeOf } = this.#parts;
    if (nodeOf(node).isLost) return;
    story.tell(`${node}: the machine goes off`);
    ledger.nodeGoesDown(node);
    nodeOf(node).lose();
    server.machines.goesOff(node);
    this.#sign(node, "not-ready");
    this.#after(signMs, () => {
      this.#sign(node, sign);
      if (back !== undefined) this.#expect(node, back);
    });
    this.#after(signMs + evictMs, () => this.#evict(node));
  }

  /** The machine comes back when somebody is about to take what it has. */
  #expect(node: string, { reads, afterMs }: Return): void {
    let left = reads;
    const comeBack = (): void => this.#after(afterMs, () => this.#comeBack(node));
    if (left === 0) return comeBack();
    this.#parts.server.nodes.onRead((name) => {
      if (name !== node) return;
      left -= 1;
      if (left === 0) comeBack();
    });
  }

  /** The machine stays on, whatever its object says. */
  doubt({ node, signs, evictMs }: DoubtAct): void {
    let atMs = 0;
    for (const { sign, forMs } of signs) {
      this.#after(atMs, () => this.#sign(node, sign));
      atMs += forMs;
    }
    this.#after(atMs, () => this.#sign(node, "ready"));
    if (evictMs !== undefined) this.#after(evictMs, () => this.#evict(node));
  }

  #after(ms: number, task: () => void): void {
    this.#parts.time.schedule(this.#cloud, ms, task);
  }

  #sign(node: string, sign: NodeSign): void {
    this.#parts.story.tell(sign === "absent" ? `Node ${node} is deleted` : `Node ${node} is ${sign}`);
    this.#parts.server.nodes.set(node, sign);
  }

  /** As of a node that is gone; whose sandboxes an agent does not see stay, since there it is the pods that decide. */
  #evict(node: string): void {
    const { story, server, ledger } = this.#parts;
    story.tell(`the pods of ${node} are deleted by force`);
    for (const { plan } of ledger.records) {
      const { pod } = plan;
      if (pod.node === node && (pod.isVisible || !ledger.isAlive(pod))) server.pods.remove(pod);
    }
  }

  /** Static pods run again before anybody sees their objects. */
  #comeBack(node: string): void {
    const { story, server, ledger, runtime, chance, nodeOf } = this.#parts;
    story.tell(`${node}: the machine is on again`);
    server.machines.goesOn(node);
    nodeOf(node).comeBack();
    this.#sign(node, "ready");
    const dice = chance.of(`return of ${node}`);
    for (const { plan } of ledger.records) {
      const isStatic = plan.pod.node === node && plan.pod.isVisible && plan.sandbox < RETURNED_SANDBOX;
      if (!isStatic || dice.happens(0.4)) continue;
      const attachment = { ...plan, sandbox: RETURNED_SANDBOX };
      this.#after(dice.between(0, dice.pick([50, 3_000])), () =>
        runtime.add({ kind: "add", attachment, deliveryMs: 1, hangUpMs: undefined }),
      );
    }
  }
}

import type { Administrator } from "./administrator.ts";
import type { Ledger } from "./ledger.ts";
import type { NodeLosses } from "./node-losses.ts";
import { type Act, netnsOf } from "./plan.ts";
import type { SimulatedController } from "./simulated-controller.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { SimulatedRuntime } from "./simulated-runtime.ts";
import type { Story } from "./story.ts";

/** Whom the acts of a plan are about. */
export interface Cast {
  readonly runtime: SimulatedRuntime;
  readonly administrator: Administrator;
  readonly controller: SimulatedController | undefined;
  readonly losses: NodeLosses;
  readonly ledger: Ledger;
  readonly story: Story;
  readonly nodeOf: (name: string) => SimulatedNode;
}

type ActOf<K extends Act["kind"]> = Extract<Act, { readonly kind: K }>;
type Performances = { readonly [K in Act["kind"]]: (act: ActOf<K>) => void };

/** What performs the acts of a plan. */
export function performer(cast: Cast): (act: Act) => void {
  const { runtime, administrator, controller, losses, nodeOf } = cast;
  const byHand: Administrator["do"] = (act) => administrator.do(act);
  const performances: Performances = {
    add: (act) => runtime.add(act),
    del: (act) => runtime.del(act),
    check: ({ attachment }) => runtime.check(attachment),
    gc: (act) => runtime.gc(act),
    kill: ({ node, downMs }) => nodeOf(node).kill(downMs),
    reconcile: ({ node }) => nodeOf(node).process?.reconcile(),
    reboot: (act) => reboot(act, cast),
    "end-sandbox": (act) => endSandbox(act, cast),
    "restart-controller": ({ downMs }) => controller?.restart(downMs),
    "depose-controller": ({ knowsMs }) => controller?.depose(knowsMs),
    "lose-node": (act) => losses.lose(act),
    "doubt-node": (act) => losses.doubt(act),
    "put-pool": byHand,
    "delete-pool": byHand,
    reserve: byHand,
    "end-reservation": byHand,
    "delete-lease": byHand,
    rob: byHand,
    "delete-block": byHand,
    label: byHand,
    outage: byHand,
  };
  // One function for each kind, which gets the acts of its kind alone.
  return (act) => (performances[act.kind] as (act: Act) => void)(act);
}

function reboot({ node, downMs }: ActOf<"reboot">, { ledger, nodeOf }: Cast): void {
  if (nodeOf(node).isLost) return;
  ledger.nodeGoesDown(node);
  nodeOf(node).reboot(downMs);
}

function endSandbox(act: ActOf<"end-sandbox">, { ledger, story, nodeOf }: Cast): void {
  const { pod, sandbox, isGone } = act;
  const left = isGone ? "" : ", its network namespace stays";
  story.tell(`${pod.node}: sandbox ${sandbox} of pod ${pod.name} (${pod.uid}) ends${left}`);
  ledger.sandboxEnds(act);
  if (isGone) nodeOf(pod.node).sandboxes.remove(netnsOf(act));
}

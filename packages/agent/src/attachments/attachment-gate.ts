import type { IPLease } from "@cluster-ipam/api";
import type { Attachment } from "@cluster-ipam/cni";
import { Turns } from "../turns.ts";

/** One interface of one sandbox, on whatever network. */
export type Interface = Pick<Attachment, "containerId" | "ifName">;

/** Key of everything that one interface of one sandbox does, whatever the network is called. */
export function interfaceKey({ containerId, ifName }: Interface): string {
  return `${containerId}/${ifName}`;
}

/** The interface that has a lease. */
export function holdingInterface({ spec }: IPLease): Interface {
  return { containerId: spec.containerID, ifName: spec.ifName };
}

/** Lets one call at a time through for each interface, in the order in which they came. */
export class AttachmentGate {
  readonly #turns = new Turns();

  /** Runs `task` after every earlier one of the same interface has ended, however that ended. */
  run<T>(of: Interface, task: () => Promise<T>): Promise<T> {
    return this.#turns.run(interfaceKey(of), task);
  }
}

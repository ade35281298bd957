import { keepSecondsOf } from "@cluster-ipam/allocator";
import { KeptLeaseEnder } from "@cluster-ipam/allocator/testing";
import { API_PATH, asIPPool, type IPLease, LEASE_RESOURCE, POOL_RESOURCE } from "@cluster-ipam/api";
import type { ControlPlane } from "./control-plane.ts";
import { listLeases } from "./stored-objects.ts";

/**
 * The controller's part for pools that keep addresses, as far as tests need it: says that it has looked at a pool, and
 * ends the time of kept leases when a test has a look made. For it time passes only when the test says so.
 */
export class StandInController {
  #nowMs = 0;
  readonly #controlPlane: ControlPlane;
  readonly #ender: KeptLeaseEnder;

  constructor(controlPlane: ControlPlane) {
    this.#controlPlane = controlPlane;
    const { api } = controlPlane;
    this.#ender = new KeptLeaseEnder(
      {
        list: () => listLeases(controlPlane),
        delete: async ({ name, uid, resourceVersion }) => {
          const body = JSON.stringify({ preconditions: { uid, resourceVersion } });
          await api.send({ method: "DELETE", path: `${API_PATH}/${LEASE_RESOURCE}/${name}`, body });
        },
        poolSeconds: (lease) => this.#poolSeconds(lease),
      },
      { nowMs: () => this.#nowMs },
    );
  }

  /** Gives a pool the condition Ready. */
  async markReady(pool: string): Promise<void> {
    const ready = { type: "Ready", status: "True", reason: "Served", message: "" };
    const status = { conditions: [{ ...ready, lastTransitionTime: new Date().toISOString() }] };
    const { api } = this.#controlPlane;
    const answer = await api.send({
      method: "PATCH",
      path: `${API_PATH}/${POOL_RESOURCE}/${pool}/status`,
      body: JSON.stringify({ status }),
      contentType: "application/merge-patch+json",
    });
    if (answer.status !== 200) throw new Error(`pool ${pool} could not be marked ready: ${answer.text}`);
  }

  /** One look at every lease. @returns the names of those whose time it has ended */
  look(): Promise<string[]> {
    return this.#ender.look();
  }

  /** So much time has passed. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** A look, so much time, and another look. */
  async lookAfter(ms: number): Promise<string[]> {
    await this.look();
    this.pass(ms);
    return await this.look();
  }

  async #poolSeconds({ spec }: IPLease): Promise<number | undefined> {
    const pool = await this.#controlPlane.api.get(`${API_PATH}/${POOL_RESOURCE}/${spec.pool}`);
    return keepSecondsOf(asIPPool(pool).spec, spec.pod !== undefined);
  }
}

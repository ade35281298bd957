import { API_PATH, API_VERSION, type IPLease, LEASE_RESOURCE, leaseName } from "@cluster-ipam/api";
import { type Address, formatAddress } from "@cluster-ipam/ip";
import type { ApiAccess } from "@cluster-ipam/test-integration";
import { Pool } from "undici";

/** As many connections as an agent keeps. */
const CONNECTIONS = 64;

/** What an ADD is held against: one POST of the same bytes over the same kind of connection, its answer discarded. */
export class RawApi {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  #next = 0n;

  constructor({ url, ca, token }: ApiAccess) {
    this.#pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1, connect: { ca } });
    this.#headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  }

  /** Creates one lease of an address that nobody else has. */
  async post(): Promise<void> {
    const address: Address = { family: 4, value: (100n << 24n) + (64n << 16n) + this.#next++ };
    const body = JSON.stringify(rawLease(address));
    const path = `${API_PATH}/${LEASE_RESOURCE}`;
    const answer = await this.#pool.request({ method: "POST", path, headers: this.#headers, body });
    await answer.body.dump();
    if (answer.statusCode !== 201)
      throw new Error(`POST of ${formatAddress(address)} was answered ${answer.statusCode}`);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** A lease with the fields, and the lengths of fields, that the agent writes for the calls of this benchmark. */
function rawLease(address: Address): IPLease {
  return {
    apiVersion: API_VERSION,
    kind: "IPLease",
    metadata: { name: leaseName(address, "") },
    spec: {
      address: formatAddress(address),
      prefixLength: 9,
      gateway: "100.64.0.1",
      pool: "bench",
      addressSpace: "",
      network: "bench",
      node: "bench",
      containerID: `raw-${address.value}`,
      ifName: "net1",
      holder: `default/raw-${address.value}/net1`,
      pod: { namespace: "default", name: `raw-${address.value}`, uid: `raw-${address.value}` },
      sandbox: { netns: "/proc/self/ns/net", inode: "4026531840", bootID: "00000000-0000-0000-0000-000000000000" },
    },
  };
}

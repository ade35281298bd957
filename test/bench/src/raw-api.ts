import { API_PATH, API_VERSION, type IPLease, LEASE_RESOURCE, leaseName } from "@cluster-ipam/api";
import { type Address, formatAddress } from "@cluster-ipam/ip";
import type { ApiAccess } from "@cluster-ipam/test-integration";
import { Pool } from "undici";

/** As many connections as an agent keeps. */
const CONNECTIONS = 64;
/** As many leases a page as an agent asks for. */
const LIST_LIMIT = 5_000;

/** What is read of a page of a list. */
interface TablePage {
  readonly metadata: { readonly continue?: string };
}

/** What an ADD is held against: one POST of the same bytes over the same kind of connection, its answer discarded. */
export class RawApi {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal | null;
  #next = 0n;

  /** @param signal ends every request, with its reason thrown */
  constructor({ url, ca, token }: ApiAccess, signal: AbortSignal | null = null) {
    this.#signal = signal;
    this.#pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1, connect: { ca } });
    this.#headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  }

  /** Creates one lease of an address that nobody else has. */
  async post(): Promise<void> {
    await this.create(rawLease({ family: 4, value: (100n << 24n) + (64n << 16n) + this.#next++ }));
  }

  /** Creates a lease. @throws Error when it is there already, or the server refuses it. */
  async create(lease: IPLease): Promise<void> {
    const path = `${API_PATH}/${LEASE_RESOURCE}`;
    const answer = await this.#pool.request({
      method: "POST",
      path,
      headers: this.#headers,
      body: JSON.stringify(lease),
      signal: this.#signal,
    });
    await answer.body.dump();
    if (answer.statusCode !== 201) throw new Error(`POST of ${lease.metadata.name} was answered ${answer.statusCode}`);
  }

  /** Deletes a lease. @throws Error when it is not there, or the server refuses. */
  async delete(name: string): Promise<void> {
    const path = `${API_PATH}/${LEASE_RESOURCE}/${name}`;
    const answer = await this.#pool.request({ method: "DELETE", path, headers: this.#headers, signal: this.#signal });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`DELETE of ${name} was answered ${answer.statusCode}`);
  }

  /** Asks for the names of all leases of a pool, page by page, in the form in which an agent asks for them. */
  async listNames(pool: string): Promise<void> {
    const headers = { ...this.#headers, accept: "application/json;as=Table;g=meta.k8s.io;v=v1" };
    const fixed = { limit: String(LIST_LIMIT), fieldSelector: `spec.pool=${pool}`, includeObject: "None" };
    for (let next: string | undefined = ""; next !== undefined; ) {
      const query = new URLSearchParams(next === "" ? fixed : { ...fixed, continue: next });
      const path = `${API_PATH}/${LEASE_RESOURCE}?${query.toString()}`;
      const answer = await this.#pool.request({ method: "GET", path, headers });
      const page = (await answer.body.json()) as TablePage;
      if (answer.statusCode !== 200) throw new Error(`the list of pool ${pool} was answered ${answer.statusCode}`);
      next = page.metadata.continue || undefined;
    }
  }

  /** Asks for the leases of one holder, as an agent does in a pool that retains. */
  async listHolder(holder: string): Promise<void> {
    const query = new URLSearchParams({ limit: String(LIST_LIMIT), fieldSelector: `spec.holder=${holder}` });
    const path = `${API_PATH}/${LEASE_RESOURCE}?${query.toString()}`;
    const answer = await this.#pool.request({ method: "GET", path, headers: this.#headers });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`the list of ${holder} was answered ${answer.statusCode}`);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Where a lease belongs. */
type Place = Readonly<Record<"pool" | "node", string>>;

const BENCH: Place = { pool: "bench", node: "bench" };

/** A lease with the fields, and the lengths of fields, that the agent writes for the calls of this benchmark. */
export function rawLease(address: Address, { pool, node }: Place = BENCH): IPLease {
  return {
    apiVersion: API_VERSION,
    kind: "IPLease",
    metadata: { name: leaseName(address, "") },
    spec: {
      address: formatAddress(address),
      prefixLength: 9,
      gateway: "100.64.0.1",
      pool,
      addressSpace: "",
      network: "bench",
      node,
      containerID: `raw-${address.value}`,
      ifName: "net1",
      holder: `default/raw-${address.value}/net1`,
      pod: { namespace: "default", name: `raw-${address.value}`, uid: `raw-${address.value}` },
      sandbox: { netns: "/proc/self/ns/net", inode: "4026531840", bootID: "00000000-0000-0000-0000-000000000000" },
    },
  };
}

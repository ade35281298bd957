import type { KubeAnswer, KubeRequest } from "../../kube-request.ts";

interface StoredLease {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string; readonly [key: string]: unknown };
  readonly spec: Readonly<Record<string, unknown>>;
}

const STATUS = { ok: 200, created: 201, notFound: 404, conflict: 409 } as const;

/** One Lease as an API server keeps it: versions, uids and their preconditions. */
export class MemoryLease {
  #stored: StoredLease | undefined;
  #writes = 0;

  /** The specification as it is now; undefined where there is no Lease. */
  get spec(): Readonly<Record<string, unknown>> | undefined {
    return this.#stored?.spec;
  }

  /** As somebody's kubectl does it. */
  remove(): void {
    this.#stored = undefined;
  }

  /** Writes a specification, as somebody's kubectl does it. */
  put(spec: Readonly<Record<string, unknown>>, labels: Readonly<Record<string, string>> = {}): void {
    const uid = this.#stored?.metadata.uid ?? this.#newUid();
    this.#stored = { metadata: { uid, resourceVersion: this.#nextVersion(), labels }, spec };
  }

  /** What can be put back later, as etcd is restored from a backup. */
  backUp(): () => void {
    const kept = this.#stored;
    return () => void (this.#stored = kept);
  }

  /** Carries one request out. */
  serve({ method, body = "{}" }: KubeRequest): KubeAnswer {
    if (method === "POST") return this.#create(JSON.parse(body) as StoredLease);
    if (this.#stored === undefined) return answer(STATUS.notFound, { kind: "Status" });
    return method === "PUT" ? this.#replace(JSON.parse(body) as StoredLease) : this.#answer(STATUS.ok);
  }

  #create({ spec }: StoredLease): KubeAnswer {
    if (this.#stored !== undefined) return answer(STATUS.conflict, { kind: "Status", reason: "AlreadyExists" });
    this.#stored = { metadata: { uid: this.#newUid(), resourceVersion: this.#nextVersion() }, spec };
    return this.#answer(STATUS.created);
  }

  #replace({ metadata, spec }: StoredLease): KubeAnswer {
    const { uid, resourceVersion } = this.#stored?.metadata ?? {};
    const isMeant = metadata.uid === uid && metadata.resourceVersion === resourceVersion;
    if (!isMeant) return answer(STATUS.conflict, { kind: "Status", reason: "Conflict" });
    this.#stored = { metadata: { ...metadata, resourceVersion: this.#nextVersion() }, spec };
    return this.#answer(STATUS.ok);
  }

  #answer(status: number): KubeAnswer {
    return answer(status, { kind: "Lease", ...this.#stored });
  }

  #newUid(): string {
    return `uid-${this.#nextVersion()}`;
  }

  #nextVersion(): string {
    this.#writes += 1;
    return String(this.#writes);
  }
}

function answer(status: number, document: object): KubeAnswer {
  return { kind: "answered", status, body: JSON.stringify(document) };
}

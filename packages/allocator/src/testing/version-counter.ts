import type { ObjectMeta } from "@cluster-ipam/api";

/** Any moment does: nothing reads it but people. */
const CREATED_AT = "2026-01-01T00:00:00Z";

/** Gives objects the uid and the resourceVersion that a server gives them. */
export class VersionCounter {
  #count = 0;

  /** Metadata of an object that was just created. */
  first(metadata: ObjectMeta): ObjectMeta {
    const digits = String(this.#count + 1).padStart(12, "0");
    return this.next({ ...metadata, uid: `00000000-0000-4000-8000-${digits}`, creationTimestamp: CREATED_AT });
  }

  /** Metadata of an object that was just written. */
  next(metadata: ObjectMeta): ObjectMeta {
    this.#count += 1;
    return { ...metadata, resourceVersion: String(this.#count) };
  }
}

/** Fields of a spec, as JSON has them. */
export type Fields = Readonly<Record<string, unknown>>;

/** What the API server is asked to store. */
export interface GoodRow {
  readonly what: string;
  /** Name of the object; made from the spec when absent. */
  readonly name?: string;
  readonly spec: Fields;
}

/** The same, with a part of the sentence that it gets. */
export interface BadRow extends GoodRow {
  readonly says: string;
}

/** A pool that the API server takes and an ADD is refused for, with a part of the sentence. */
export interface RefusedRow extends BadRow {
  /** Name of the pod that asks; any when absent. */
  readonly pod?: string;
}

/** What every object of the API server has, as far as a cache of them needs it. */
export interface ObjectMeta {
  readonly name: string;
  /** "" for what is cluster-scoped. */
  readonly namespace: string;
  /** "" where the server gives none. */
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Reads an object's metadata. @returns undefined where it has no name or no version */
export function metaOf(object: unknown): ObjectMeta | undefined {
  const metadata = fieldsOf(fieldsOf(object)["metadata"]);
  const name = textOf(metadata["name"]);
  const resourceVersion = textOf(metadata["resourceVersion"]);
  if (name === "" || resourceVersion === "") return undefined;
  return { name, namespace: textOf(metadata["namespace"]), uid: textOf(metadata["uid"]), resourceVersion };
}

/** The version of a list, or of a bookmark; "" where it has none. */
export function versionOf(object: unknown): string {
  return textOf(fieldsOf(fieldsOf(object)["metadata"])["resourceVersion"]);
}

/** What an object goes by in a cache: its name, after its namespace and `/` where it has one. */
export function keyOf({ namespace, name }: Pick<ObjectMeta, "namespace" | "name">): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

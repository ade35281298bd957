import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiClient } from "./api-client.ts";
import { waitFor } from "./waiting.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const ESTABLISHED_TIMEOUT_MS = 20_000;

/** What this module reads of a CustomResourceDefinition. */
interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/**
 * Creates every definition of a folder's `*.yaml` files and waits until the server serves each.
 *
 * @returns the names of the resources, such as `ipleases`.
 * @throws Error that holds the server's words when it refuses one.
 */
export async function applyCustomResources(api: ApiClient, folder: string, signal: AbortSignal): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).toSorted();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  const documents = texts.flatMap((text) => text.split(/^---$/m)).filter((document) => /^kind:/m.test(document));
  return await Promise.all(
    documents.map(async (document) => {
      const created = (await api.ensure(DEFINITIONS, document, "application/yaml")) as Definition;
      return await waitUntilServed(api, created, signal);
    }),
  );
}

async function waitUntilServed(api: ApiClient, created: Definition, signal: AbortSignal): Promise<string> {
  const { group, names, versions } = created.spec;
  const isServed = async (): Promise<true | undefined> => {
    const now = (await api.get(`${DEFINITIONS}/${created.metadata.name}`, signal)) as Definition;
    if (!now.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True"))
      return undefined;
    // The condition comes a moment before the handler does.
    const path = `/apis/${group}/${versions[0]?.name}/${names.plural}?limit=1`;
    return (await api.send({ method: "GET", path, signal })).status === 200 ? true : undefined;
  };
  await waitFor(isServed, { what: `${created.metadata.name} to be served`, timeoutMs: ESTABLISHED_TIMEOUT_MS, signal });
  return names.plural;
}

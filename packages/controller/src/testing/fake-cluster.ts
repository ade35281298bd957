import type { Labels } from "@cluster-ipam/api";
import type { KubeAnswer, KubeClient, StreamEnding } from "@cluster-ipam/kube";

/** Where nodes are listed. */
export const NODE_PATH = "/api/v1/nodes";

/** An object as the API server shows it. */
interface ServedObject {
  readonly metadata: { readonly name: string };
}

/** What a test says of a node. */
export interface NodeMetadata {
  readonly name: string;
  readonly labels?: Labels;
}

/** Lists and watches of an API server in memory, which all hold nothing at first. It stands for a client of it. */
export class FakeCluster implements Pick<KubeClient, "request" | "stream"> {
  readonly #objects = new Map<string, Map<string, ServedObject>>();
  readonly #watches = new Set<{ readonly path: string; readonly send: (line: string) => void }>();
  #version = 1;

  /** Creates the object in the list at `path`, or makes it another version of what is there. */
  put(path: string, object: ServedObject): void {
    const list = this.#listAt(path);
    const { name } = object.metadata;
    const type = list.has(name) ? "MODIFIED" : "ADDED";
    this.#version += 1;
    const metadata = { uid: `u-${name}`, ...object.metadata, resourceVersion: String(this.#version) };
    list.set(name, { ...object, metadata });
    this.#tell(path, type, list.get(name));
  }

  /** Creates a node, or makes it another version of what is there. */
  putNode(metadata: NodeMetadata, rest: object = {}): void {
    this.put(NODE_PATH, { ...rest, metadata });
  }

  /** Deletes an object that is there. */
  remove(path: string, name: string): void {
    const list = this.#listAt(path);
    const object = list.get(name);
    if (object === undefined) throw new Error(`${path} holds no ${name}`);
    list.delete(name);
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.#tell(path, "DELETED", { ...object, metadata });
  }

  readonly request: KubeClient["request"] = async ({ path }): Promise<KubeAnswer> => {
    const metadata = { resourceVersion: String(this.#version) };
    const body = JSON.stringify({ kind: "ObjectList", metadata, items: [...this.#listAt(path).values()] });
    return { kind: "answered", status: 200, body };
  };

  readonly stream: KubeClient["stream"] = ({ path, signal, onOpen, onLine }): Promise<StreamEnding> =>
    new Promise((resolve) => {
      const watch = { path, send: onLine };
      this.#watches.add(watch);
      signal?.addEventListener("abort", () => {
        this.#watches.delete(watch);
        resolve({ kind: "ended" });
      });
      onOpen?.();
    });

  #listAt(path: string): Map<string, ServedObject> {
    const list = this.#objects.get(path) ?? new Map<string, ServedObject>();
    this.#objects.set(path, list);
    return list;
  }

  #tell(path: string, type: string, object: ServedObject | undefined): void {
    for (const watch of this.#watches) if (watch.path === path) watch.send(JSON.stringify({ type, object }));
  }
}

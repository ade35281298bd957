import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { dirname } from "node:path";

/** The first PID namespace of a machine has this number on every kernel (PROC_PID_INIT_INO). */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

/** What this process can read of mounts and namespaces; files of proc(5). */
export interface ProcessView {
  /** `/proc/self/mountinfo`. */
  readonly ownMounts: () => string;
  /** `/proc/1/mountinfo`; readable without any right over that process. */
  readonly firstProcessMounts: () => string;
  /** Target of `/proc/self/ns/pid`. */
  readonly pidNamespace: () => string;
}

const PROC_VIEW: ProcessView = {
  ownMounts: () => readFileSync("/proc/self/mountinfo", "utf8"),
  firstProcessMounts: () => readFileSync("/proc/1/mountinfo", "utf8"),
  pidNamespace: () => readlinkSync("/proc/self/ns/pid"),
};

interface Mount {
  /** Unique on the machine: mounts of two mount namespaces never share one. */
  readonly id: string;
  readonly point: string;
  readonly isShared: boolean;
  readonly isSlave: boolean;
}

interface Picture {
  readonly mounts: readonly Mount[];
  readonly isNodesPidNamespace: boolean;
  /** Mounts of the node's first process. */
  readonly nodesMounts: ReadonlySet<string>;
}

/**
 * Which folders show this process what the node has. A process in a mount namespace of its own sees a plain file, or
 * nothing, where the node has had a network namespace mounted since: that says nothing of the namespace.
 *
 * What was read is kept until {@link refresh}. See mount_namespaces(7) for shared and slave mounts.
 */
export class MountSight {
  readonly #view: ProcessView;
  #picture: Picture | undefined;

  constructor(view: ProcessView = PROC_VIEW) {
    this.#view = view;
  }

  /** From now on mounts are read anew. */
  refresh(): void {
    this.#picture = undefined;
  }

  /**
   * Whether what this process finds at `path`, or does not find, is so on the node: the mount that holds the folder
   * receives the node's mounts or is the node's own. Paths under /proc are those of the node's PID namespace.
   */
  isNodes(path: string): boolean {
    this.#picture ??= this.#read();
    const folder = path.startsWith("/proc/") ? path : realFolder(path);
    if (folder === undefined) return false;
    if (folder.startsWith("/proc/")) return this.#picture.isNodesPidNamespace;
    const mount = holderOf(folder, this.#picture.mounts);
    if (mount === undefined) return false;
    // A container's own root is a slave of the mount that its image lies on, which nobody mounts namespaces into.
    const isReceiving = mount.isShared || (mount.isSlave && mount.point !== "/");
    return isReceiving || this.#picture.nodesMounts.has(mount.id);
  }

  #read(): Picture {
    const isNodesPidNamespace = attempt(this.#view.pidNamespace, "") === FIRST_PID_NAMESPACE;
    // In a PID namespace of its own the first process is the container's, and proves nothing.
    const nodes = isNodesPidNamespace ? parseMounts(attempt(this.#view.firstProcessMounts, "")) : [];
    return {
      mounts: parseMounts(attempt(this.#view.ownMounts, "")),
      isNodesPidNamespace,
      nodesMounts: new Set(nodes.map(({ id }) => id)),
    };
  }
}

function attempt(read: () => string, otherwise: string): string {
  try {
    return read();
  } catch {
    // Nothing is known then, and nothing is taken for gone.
    return otherwise;
  }
}

function realFolder(path: string): string | undefined {
  try {
    return realpathSync.native(dirname(path));
  } catch {
    return undefined;
  }
}

/** The mount that a folder lies in; of two on one mount point the later one covers the earlier. */
function holderOf(folder: string, mounts: readonly Mount[]): Mount | undefined {
  let holder: Mount | undefined;
  for (const mount of mounts) {
    const isAbove = mount.point === "/" || folder === mount.point || folder.startsWith(`${mount.point}/`);
    if (isAbove && mount.point.length >= (holder?.point.length ?? 0)) holder = mount;
  }
  return holder;
}

/** `36 35 98:0 /root /mnt rw,noatime shared:1 master:2 - ext3 /dev/root rw` (proc_pid_mountinfo(5)). */
function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [id, , , , point, , ...rest] = line.split(" ");
    if (id === undefined || point === undefined) return [];
    const optional = rest.slice(0, Math.max(0, rest.indexOf("-")));
    const has = (tag: string): boolean => optional.some((field) => field.startsWith(tag));
    return [{ id, point: unescaped(point), isShared: has("shared:"), isSlave: has("master:") }];
  });
}

function unescaped(point: string): string {
  return point.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}

import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { mustRun, ownerOf, type Run } from "@cluster-ipam/test-integration";
import { docker, isAlive, tryDocker } from "./engine.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const CACHE = join(ROOT, ".cache/cluster");
const NODE_FILES = join(ROOT, "test/cluster/node");
/** Nobody serves this name: an image that is not there already is an error, and no download. */
const REGISTRY = "cluster-ipam.test";

/** What a label of our images says of where their source is. */
export const IMAGE_SOURCE = "https://cluster-ipam.test/source";

/** What the pods of the tests run: busybox, which waits for SIGTERM. It is the sandboxes' image, too. */
export const POD_IMAGE: string = `${REGISTRY}/pod:1`;

/** The images of a run. Their tags are the run's, so that runs side by side and dead ones can be told apart. */
export interface Images {
  /** containerd, kubelet and the reference plugins. */
  readonly node: string;
  readonly registry: string;
  /** Tag of the agent's and the controller's images. */
  readonly tag: string;
  /** A folder with one archive, from which nodes load what pods run. */
  readonly folder: string;
}

/** Debian's packages in a node, beyond the smallest system. */
const PACKAGES = ["runc", "iproute2", "iptables", "ca-certificates", "procps", "busybox-static"];
const RELEASE = "bookworm";

/** What Node.js links. */
const LIBRARIES = ["libdl.so.2", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libc.so.6"];

/** Builds every image of a run; they are removed with it. */
export async function buildImages(run: Run, say: (text: string) => void): Promise<Images> {
  await removeDeadTrees();
  const debian = await provideDebian(run, say);
  const images = {
    node: `${REGISTRY}/node:${run.id}`,
    registry: REGISTRY,
    tag: run.id,
    folder: join(run.folder, "images"),
  };
  await mkdir(images.folder);
  say("building the images");
  await importPrograms(run, debian, images);
  await importTree(run, await podTree(run, debian), POD_IMAGE, ENTRY_OF_PODS);
  await importTree(run, await nodeTree(run, debian), images.node, ENTRY_OF_NODES);
  await saveImages(run, images.folder, [...programs(images), POD_IMAGE]);
  return images;
}

/** The names of our programs' images. */
function programs({ registry, tag }: Pick<Images, "registry" | "tag">): readonly string[] {
  return ["agent", "controller"].map((name) => `${registry}/cluster-ipam-${name}:${tag}`);
}

/** Writes images into an archive of a folder, from which a node loads them. @returns its path. */
export async function saveImages(
  run: Run,
  folder: string,
  names: readonly string[],
  file = "images.tar",
): Promise<string> {
  await docker(run, "save", "--output", join(folder, file), ...names);
  return join(folder, file);
}

/** Removes the trees of runs that were killed. */
async function removeDeadTrees(): Promise<void> {
  for (const name of await readdir(CACHE).catch(() => [])) {
    const pid = ownerOf(name);
    if (pid !== undefined && !isAlive(pid)) await rm(join(CACHE, name), { recursive: true, force: true });
  }
}

/** A small Debian, made once for a checkout. */
async function provideDebian(run: Run, say: (text: string) => void): Promise<string> {
  const folder = join(CACHE, RELEASE);
  const wanted = `${RELEASE} ${PACKAGES.join(" ")}\n`;
  if ((await readFile(join(CACHE, "made"), "utf8").catch(() => "")) === wanted) return folder;
  say("building the nodes' Debian with debootstrap, about a minute");
  const unfinished = `${folder}.${process.pid}`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(CACHE, { recursive: true });
  run.defer(() => rm(unfinished, { recursive: true, force: true }));
  const include = `--include=${PACKAGES.join(",")}`;
  await mustRun(["debootstrap", "--variant=minbase", include, RELEASE, unfinished], {
    timeoutMs: 600_000,
    signal: run.signal,
  });
  await rm(join(unfinished, "var/cache/apt"), { recursive: true });
  await rm(join(unfinished, "var/lib/apt/lists"), { recursive: true });
  await rename(unfinished, folder);
  await writeFile(join(CACHE, "made"), wanted);
  return folder;
}

/** Builds our images with `make images`'s program on a base that has nothing but what Node.js links: no shell at all. */
async function importPrograms(run: Run, debian: string, images: Pick<Images, "registry" | "tag">): Promise<void> {
  const base = `${REGISTRY}/base:${run.id}`;
  await importTree(run, await baseTree(run, debian), base, []);
  run.defer(() => tryDocker("rmi", "--force", ...programs(images)));
  const script = [process.execPath, "--conditions=@cluster-ipam/source", join(ROOT, "scripts/images/main.ts")];
  const variables = [`REGISTRY=${images.registry}`, `TAG=${images.tag}`, `BASE=${base}`];
  const labels = ["REVISION=test", `SOURCE=${IMAGE_SOURCE}`];
  await mustRun(["env", ...variables, ...labels, ...script], { timeoutMs: 180_000, signal: run.signal });
}

async function baseTree(run: Run, debian: string): Promise<string> {
  const tree = join(run.folder, "base");
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const files = LIBRARIES.map((name) => `usr/lib/${triplet}/${name}`);
  const loader = process.arch === "arm64" ? "lib/ld-linux-aarch64.so.1" : "lib64/ld-linux-x86-64.so.2";
  for (const file of [...files, loader, "etc/ssl/certs/ca-certificates.crt"]) {
    const target = join(tree, file.replace(/^usr\//, ""));
    await mkdir(join(target, ".."), { recursive: true });
    await mustRun(["cp", "--dereference", join(debian, file), target]);
  }
  return tree;
}

async function podTree(run: Run, debian: string): Promise<string> {
  const tree = join(run.folder, "pod");
  for (const folder of ["bin", "tmp", "proc", "dev", "etc"]) await mkdir(join(tree, folder), { recursive: true });
  await mustRun(["cp", join(debian, "bin/busybox"), join(tree, "bin/busybox")]);
  for (const name of ["sh", "sleep", "ping", "arping", "ip", "cat", "wget"]) {
    await mustRun(["ln", "-s", "busybox", join(tree, "bin", name)]);
  }
  return tree;
}

const ENTRY_OF_PODS = [
  "ENV PATH=/bin",
  `ENTRYPOINT ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"]`,
];

/** That Debian, with the programs of a node. */
async function nodeTree(run: Run, debian: string): Promise<string> {
  const tree = join(CACHE, run.id);
  run.defer(() => rm(tree, { recursive: true, force: true }));
  // Hard links: nothing that is there already is written to.
  await mustRun(["cp", "--archive", "--link", debian, tree]);
  const tools = join(ROOT, ".cache/cluster-tools/bin");
  const plugins = join(ROOT, ".cache/tools/bin");
  const files: readonly (readonly [from: string, to: string])[] = [
    ...["containerd", "containerd-shim-runc-v2", "ctr", "kubelet"].map(
      (name) => [join(tools, name), `usr/local/bin/${name}`] as const,
    ),
    ...["bridge", "macvlan", "host-local", "tuning"].map(
      (name) => [join(plugins, name), `opt/cni/bin/${name}`] as const,
    ),
    [join(NODE_FILES, "entry.sh"), "entry.sh"],
    [join(NODE_FILES, "kubelet.yaml"), "etc/kubernetes/kubelet.yaml"],
  ];
  for (const [from, to] of files) {
    await mkdir(join(tree, to, ".."), { recursive: true });
    await mustRun(["cp", "--dereference", from, join(tree, to)]);
  }
  return tree;
}

const ENTRY_OF_NODES = [
  "ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "VOLUME /var/lib/containerd",
  "VOLUME /var/lib/kubelet",
  'ENTRYPOINT ["/entry.sh"]',
];

/** Makes an image of one layer from a folder. It is removed with the run. */
async function importTree(run: Run, folder: string, name: string, changes: readonly string[]): Promise<void> {
  run.defer(() => tryDocker("rmi", "--force", name));
  const options = changes.flatMap((change) => ["--change", change]);
  const pipe = 'tar -c -C "$1" . | docker import "${@:2}"';
  const argv = ["bash", "-o", "pipefail", "-c", pipe, "import", folder, ...options, "-", name];
  await mustRun(argv, { timeoutMs: 180_000, signal: run.signal });
}

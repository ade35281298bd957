/** A program of ours that runs on Node.js: a bundle in dist/lib, started by an executable in dist/bin. */
export interface Binary {
  readonly name: string;
  /** Where its main function lies, from the top of the repository. */
  readonly entry: string;
  /** Shell lines that the launcher runs first. */
  readonly prelude: string;
  /** Options of Node.js itself. */
  readonly nodeOptions: readonly string[];
}

/** One malloc arena instead of one for each of Node.js's threads, and freed memory returned to the system. */
const SMALL_MALLOC = "export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536";

/** Every such program that `make build` leaves in dist/bin. */
export const BINARIES: readonly Binary[] = [
  {
    name: "cluster-ipam-agent",
    entry: "cmd/cluster-ipam-agent/src/main.ts",
    // The agent runs on every node, so it is to stay small: a young generation that fits the garbage of a burst (a
    // smaller one costs an ADD up to a third more CPU, a larger one memory), a bound of the old one that V8 comes to
    // before the container's, and that is several times what a burst needs, and a collection of its own once it has
    // started.
    prelude: SMALL_MALLOC,
    nodeOptions: ["--max-semi-space-size=8", "--max-old-space-size=160", "--expose-gc"],
  },
  {
    name: "cluster-ipam-controller",
    entry: "cmd/cluster-ipam-controller/src/main.ts",
    // What is read of a page of leases is garbage soon: a larger young generation keeps more of it, for nothing. The old
    // one grows with the leases of the cluster: it may have most of what the container may, of which V8 takes half by
    // itself. The rest is for the young one, code, buffers, and the C library.
    prelude: SMALL_MALLOC,
    nodeOptions: ["--max-semi-space-size=8", "--max-old-space-size-percentage=75"],
  },
];

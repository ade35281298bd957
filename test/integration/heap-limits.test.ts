import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { mustRun } from "./src/command.ts";
import { requireSystemPrograms } from "./src/requirements.ts";
import { CHART_FOLDER, requireTools, toolPath } from "./src/tools.ts";

type Program = "agent" | "controller";

const MIB = 1_048_576;
/** What cgroups say where nobody set a bound. */
const UNBOUNDED = { v1: "9223372036854771712", v2: "max" } as const;
/** The files of a cgroup as a container of the version sees them, below /sys/fs/cgroup. */
const FILES = {
  v1: {
    group: "4:memory:/kubepods/pod1/c1",
    bound: "memory/memory.limit_in_bytes",
    soft: "memory/memory.soft_limit_in_bytes",
  },
  v2: { group: "0::/", bound: "memory.max", soft: "memory.high" },
} as const;
/** Puts the files in the place of the machine's own, in a mount namespace of its own, and runs what is left of the line. */
const IN_CONTAINER = `mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/memory
echo "$2" >"/sys/fs/cgroup/$1"; echo "$4" >"/sys/fs/cgroup/$3"
mount --bind "$5" "/proc/$$/cgroup"; shift 5; exec "$@"`;

let folder: string;

beforeAll(async () => {
  await requireSystemPrograms();
  await requireTools(["cluster-ipam-agent", "cluster-ipam-controller"]);
  folder = await mkdtemp(join(tmpdir(), "cluster-ipam-heap-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bytes that V8 takes at most for the program in a container with so much memory. */
async function heapLimit(
  program: `cluster-ipam-${Program}`,
  version: keyof typeof FILES,
  memory: number,
): Promise<number> {
  const { group, bound, soft } = FILES[version];
  const groupFile = join(folder, version);
  await writeFile(groupFile, `${group}\n`);
  const launcher = await readFile(toolPath(program), "utf8");
  const options = /^exec "\$lib\/node" (.*?) "\$lib/m.exec(launcher)?.[1]?.split(" ") ?? [];
  const node = join(toolPath(program), "../../lib/node");
  const files = [bound, String(memory), soft, UNBOUNDED[version], groupFile];
  const evaluation = ["-p", "v8.getHeapStatistics().heap_size_limit"];
  return Number(
    await mustRun(["unshare", "--mount", "sh", "-c", IN_CONTAINER, "sh", ...files, node, ...options, ...evaluation]),
  );
}

/** Bytes that the chart gives a program's container at most. */
async function memoryLimit(program: Program): Promise<number> {
  const values = parse(await readFile(join(CHART_FOLDER, "values.yaml"), "utf8")) as Readonly<
    Record<Program, { readonly resources: { readonly limits: { readonly memory: string } } }>
  >;
  return Number(/^(\d+)Mi$/.exec(values[program].resources.limits.memory)?.[1]) * MIB;
}

describe.for(["v1", "v2"] as const)("in a container by cgroup %s", (version) => {
  it.for([512, 1024, 2048])("the controller's heap is most of %d MiB, and leaves room for the rest", async (size) => {
    const limit = await heapLimit("cluster-ipam-controller", version, size * MIB);
    expect(limit).toBeGreaterThan(0.74 * size * MIB);
    expect(limit).toBeLessThan(0.85 * size * MIB);
  });

  it("the agent's heap ends before the memory that the chart gives it, with room for the rest", async () => {
    const memory = await memoryLimit("agent");
    expect(await heapLimit("cluster-ipam-agent", version, memory)).toBeLessThan(memory - 64 * MIB);
  });
});

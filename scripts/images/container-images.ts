import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../process/failure.ts";
import type { Docker } from "./docker.ts";

/** The targets of the Dockerfile: each is the image `<registry>/cluster-ipam-<target>:<tag>`. */
const TARGETS = ["agent", "controller"] as const;

/** What the images are made from, and what they are called. */
export interface ImageOptions {
  /** What the names begin with, such as `example.org/tools`; empty for names without it. */
  readonly registry: string;
  readonly tag: string;
  /** The image below; the Dockerfile's own when undefined. */
  readonly base?: string | undefined;
  /** Name of the Git commit that they are made from. */
  readonly revision: string;
  /** Address of the source, which a label says; no label when undefined. */
  readonly source?: string | undefined;
}

/** The one of {@link Docker} that builds need. */
type Engine = Pick<Docker, "run">;

/** The name of an image of ours. */
function imageName(
  target: (typeof TARGETS)[number],
  { registry, tag }: Pick<ImageOptions, "registry" | "tag">,
): string {
  return `${registry === "" ? "" : `${registry}/`}cluster-ipam-${target}:${tag}`;
}

/** How Docker and the Dockerfile call the machine's architecture. */
function targetArchitecture(): "amd64" | "arm64" {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

/**
 * Builds every image for this machine's architecture, from what `make build` has made.
 *
 * @param root - the top of the repository.
 * @returns the images' names.
 * @throws Failure with Docker's last words.
 */
export async function buildImages(root: string, docker: Engine, options: ImageOptions): Promise<readonly string[]> {
  layOut(root, targetArchitecture());
  const names: string[] = [];
  for (const target of TARGETS) {
    const name = imageName(target, options);
    await docker.run(...buildArguments(target, options), "--tag", name, ".");
    names.push(name);
  }
  return names;
}

function buildArguments(target: string, { tag, base, revision, source }: ImageOptions): readonly string[] {
  const values = {
    TARGETARCH: targetArchitecture(),
    VERSION: tag,
    REVISION: revision,
    ...(base === undefined ? {} : { BASE: base }),
  };
  return [
    "build",
    "--target",
    target,
    ...Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...(source === undefined ? [] : ["--label", `org.opencontainers.image.source=${source}`]),
  ];
}

/** Puts the programs where the Dockerfile finds those of this architecture; hard links, where the disk has them. */
function layOut(root: string, architecture: string): void {
  const target = join(root, "dist", architecture);
  rmSync(target, { recursive: true, force: true });
  for (const folder of ["bin", "lib"]) {
    mkdirSync(join(target, folder), { recursive: true });
    for (const name of readdirSync(join(root, "dist", folder)))
      linkOrCopy(join(root, "dist", folder, name), join(target, folder, name));
  }
  if (!existsSync(join(target, "bin/cluster-ipam")))
    throw new Failure("images: the programs are not built: run make build");
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    cpSync(source, target);
  }
}

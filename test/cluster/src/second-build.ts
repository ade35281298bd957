import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { docker, tryDocker } from "./engine.ts";
import { saveImages } from "./images.ts";

/** Where the agent's image has the plugin. */
const PLUGIN = "/opt/cluster-ipam/bin/cluster-ipam";

/**
 * Makes images that stand for the next release: the plugin in them is another file, by some bytes at its end that no
 * loader reads. Every node has them afterwards.
 *
 * @returns their tag.
 */
export async function makeSecondBuild({ run, images, nodes }: Cluster): Promise<string> {
  const tag = `${run.id}-second`;
  const [agent, controller] = ["agent", "controller"].map((name) => `${images.registry}/cluster-ipam-${name}`);
  run.defer(() => tryDocker("rmi", "--force", `${agent}:${tag}`, `${controller}:${tag}`));
  const container = `${run.id}-second`;
  run.defer(() => tryDocker("rm", "--force", container));
  await docker(run, "create", "--name", container, `${agent}:${images.tag}`);
  const plugin = join(run.folder, "second-plugin");
  await docker(run, "cp", `${container}:${PLUGIN}`, plugin);
  await appendFile(plugin, "second build\n");
  await docker(run, "cp", plugin, `${container}:${PLUGIN}`);
  await docker(run, "commit", container, `${agent}:${tag}`);
  await docker(run, "tag", `${controller}:${images.tag}`, `${controller}:${tag}`);
  await saveImages(run, images.folder, [`${agent}:${tag}`, `${controller}:${tag}`], "second.tar");
  const load = ["ctr", "--namespace", "k8s.io", "images", "import", "--no-unpack", "/images/second.tar"];
  await Promise.all(nodes.map((node) => node.exec(...load)));
  return tag;
}

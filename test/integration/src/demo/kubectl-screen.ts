import { kubectl } from "../kubectl.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { Screen } from "./screen.ts";

/** Runs kubectl and shows what was typed and what it said. @returns what it said, errors included */
export async function showKubectl(cluster: SimulatedCluster, screen: Screen, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await kubectl(cluster.run, cluster.controlPlane, args);
  const text = `${stdout}${stderr}`;
  screen.indented(["", `$ kubectl ${args.join(" ")}`, ...text.trimEnd().split("\n")]);
  return text;
}

import { writeFile } from "node:fs/promises";
import type { ApiAccess } from "./api-client.ts";

/** Writes a kubeconfig with everything inside, as JSON, which is YAML, too. Only its owner can read it. */
export async function writeKubeconfig(path: string, access: ApiAccess): Promise<void> {
  const name = "cluster-ipam";
  const ca = Buffer.from(access.ca).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: access.url, "certificate-authority-data": ca } }],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  await writeFile(path, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}

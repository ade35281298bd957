import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Access, readAccess, serverOf } from "./access.ts";
import { inCluster, kubeconfigFile } from "./config-source.ts";
import { configSource } from "./testing/index.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "kube-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

async function podFolder(token: string): Promise<string> {
  const root = await folder();
  const account = join(root, "var/run/secrets/kubernetes.io/serviceaccount");
  await mkdir(account, { recursive: true });
  await writeFile(join(account, "token"), token);
  await writeFile(join(account, "ca.crt"), "a certificate");
  return root;
}

function accessOf(cluster: object, user: object): Promise<Access> {
  return readAccess(configSource(cluster, user)());
}

describe("kubeconfigFile", () => {
  it("reads the file anew at each call", async () => {
    const path = join(await folder(), "kubeconfig");
    const write = (server: string): Promise<void> =>
      writeFile(
        path,
        `{clusters: [{name: c, cluster: {server: "${server}"}}], users: [{name: u, user: {}}],
          contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}`,
      );
    const source = kubeconfigFile(path);
    await write("https://one:6443");
    expect(serverOf(source()).origin).toBe("https://one:6443");
    await write("https://two:6443");
    expect(serverOf(source()).origin).toBe("https://two:6443");
  });

  it.each([["is absent"], ["is not YAML"]])("names a file that %s", async (title) => {
    const path = join(await folder(), "kubeconfig");
    if (title !== "is absent") await writeFile(path, "{ not: [ yaml");
    expect(kubeconfigFile(path)).toThrow(`kubeconfig ${path} cannot be used`);
  });
});

describe("inCluster", () => {
  it.each([
    ["10.96.0.1", "https://10.96.0.1"],
    ["fd00::1", "https://[fd00::1]"],
  ])("talks to %s with the token and the authority of the pod", async (host, origin) => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", host);
    vi.stubEnv("KUBERNETES_SERVICE_PORT", "443");
    onTestFinished(() => void vi.unstubAllEnvs());
    const access = await readAccess(inCluster(await podFolder("pod-token\n"))());
    expect(access.endpoint.origin).toBe(origin);
    expect(access.endpoint.tls.ca?.toString()).toBe("a certificate");
    // The line feed at the end of the file must not get into the header.
    expect(access.headers).toEqual(["Authorization", "Bearer pod-token"]);
  });

  it("says so where there is no cluster", () => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
    vi.stubEnv("KUBERNETES_SERVICE_PORT", undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(() => serverOf(inCluster()())).toThrow("is there neither a kubeconfig nor a service account?");
  });
});

describe("serverOf", () => {
  it("says which context has no cluster", () => {
    const config = configSource({ server: "https://one" }, {})();
    config.setCurrentContext("absent");
    expect(() => serverOf(config)).toThrow('no cluster for its current context "absent"');
  });
});

describe("readAccess", () => {
  it("knows user name and password", async () => {
    const { headers } = await accessOf({ server: "https://one" }, { username: "user", password: "pass" });
    expect(headers).toEqual(["Authorization", `Basic ${Buffer.from("user:pass").toString("base64")}`]);
  });

  it("impersonates", async () => {
    const { headers } = await accessOf({ server: "https://one" }, { token: "t", as: "somebody" });
    expect(headers).toEqual(["Impersonate-User", "somebody", "Authorization", "Bearer t"]);
  });

  it("refuses to send credentials over plain HTTP", async () => {
    await expect(accessOf({ server: "http://one" }, { token: "t" })).rejects.toThrow("HTTP protocol is not allowed");
  });
});

/** What a cluster of the tests has of its own. */
export interface ClusterSetting {
  /** Registry of its images, which its nodes have already. */
  readonly registry: string;
  readonly tag: string;
  /** URL of its API server. */
  readonly serverUrl: string;
  /** A file for the kernel command line. */
  readonly kernelCommandLine: string;
}

/** Values of the chart for a release on a cluster of the tests. */
export function clusterValues({ registry, tag, serverUrl, kernelCommandLine }: ClusterSetting): object {
  const { hostname, port } = new URL(serverUrl);
  return {
    image: { registry, tag, pullPolicy: "Never" },
    // No kube-proxy there: nothing makes the Service's address work.
    apiServer: { host: hostname, port: Number(port) },
    agent: { extraArgs: [`--kernel-cmdline=${kernelCommandLine}`] },
  };
}

import { KubeConfig } from "@kubernetes/client-node/dist/config.js";

/** Reads the configuration anew at each call, and throws where it cannot. */
export type ConfigSource = () => KubeConfig;

/** The current context of a kubeconfig file. */
export function kubeconfigFile(path: string): ConfigSource {
  return () => {
    const config = new KubeConfig();
    try {
      config.loadFromFile(path);
    } catch (error) {
      throw new Error(`kubeconfig ${path} cannot be used`, { cause: error });
    }
    return config;
  };
}

/**
 * The service account of the pod that this process runs in.
 *
 * @param root folder that stands for `/`; for tests
 */
export function inCluster(root: string = ""): ConfigSource {
  return () => {
    const config = new KubeConfig();
    config.loadFromCluster(root);
    return config;
  };
}

import { join, resolve } from "node:path";
import {
  type ApiClient,
  ApiServer,
  type ApiUser,
  createUser,
  Daemon,
  findFreePorts,
  type Run,
  startEtcd,
  writeKubeconfig,
} from "@cluster-ipam/test-integration";

const TOOLS = resolve(import.meta.dirname, "../../../.cache/cluster-tools/bin");

/** The network that the nodes' own pod networks are cut from, a /24 each. */
const CLUSTER_NETWORK = "10.244.0.0/16";

/** Where the control plane listens and whom it knows. */
export interface ControlPlaneOptions {
  /** An address of this machine that the nodes reach. */
  readonly address: string;
  readonly nodes: readonly string[];
}

/** etcd, kube-apiserver, controller-manager and scheduler as processes of this machine, beside the nodes' containers. */
export class ClusterControlPlane {
  /** Can be killed and started again. */
  readonly server: ApiServer;
  /** Asks as cluster-admin. */
  readonly api: ApiClient;
  /** cluster-admin's. */
  readonly kubeconfigPath: string;
  readonly #run: Run;
  readonly #users: readonly ApiUser[];

  private constructor(run: Run, users: readonly ApiUser[], server: ApiServer, api: ApiClient) {
    this.#run = run;
    this.#users = users;
    this.server = server;
    this.api = api;
    this.kubeconfigPath = join(run.folder, "kubeconfig-admin");
  }

  /** Starts everything and waits until the API server is ready. */
  static async start(run: Run, { address, nodes }: ControlPlaneOptions): Promise<ClusterControlPlane> {
    const [port = 0, etcdPort = 0, peerPort = 0] = await findFreePorts(3);
    const admin = createUser("admin", ["system:masters"]);
    const users = [admin, ...nodes.map((node) => createUser(`system:node:${node}`, ["system:nodes"]))] as const;
    await startEtcd(run, { enter: [], etcdPort, peerPort, isDurable: false });
    const server = await ApiServer.start(run, {
      enter: [],
      address,
      port,
      etcdPort,
      users,
      hasControllerManager: true,
    });
    const controlPlane = new ClusterControlPlane(run, users, server, await server.connect(admin));
    await controlPlane.kubeconfigFor("admin");
    await controlPlane.#startControllers();
    return controlPlane;
  }

  /** Writes the kubeconfig of one of its users. @returns its path. */
  async kubeconfigFor(name: string): Promise<string> {
    const user = this.#users.find((candidate) => candidate.name === name);
    if (user === undefined) throw new Error(`no user is called ${name}`);
    const path = join(this.#run.folder, `kubeconfig-${name.replaceAll(":", "-")}`);
    await writeKubeconfig(path, { ...this.api.access, token: user.token });
    return path;
  }

  async #startControllers(): Promise<void> {
    const lead = [`--kubeconfig=${this.kubeconfigPath}`, "--leader-elect=false", "--secure-port=0"];
    await this.#startProgram("kube-scheduler", lead);
    await this.#startProgram("kube-controller-manager", [
      ...lead,
      `--root-ca-file=${this.server.caPath}`,
      `--service-account-private-key-file=${this.server.accountKeyPath}`,
      "--use-service-account-credentials",
      "--allocate-node-cidrs",
      `--cluster-cidr=${CLUSTER_NETWORK}`,
      // A lost node is to be noticed within a test's time.
      "--node-monitor-period=2s",
      "--node-monitor-grace-period=20s",
    ]);
  }

  async #startProgram(name: string, flags: readonly string[]): Promise<void> {
    const logPath = join(this.#run.folder, `${name}.log`);
    await Daemon.start(this.#run, name, { argv: [join(TOOLS, name), ...flags], env: {}, logPath });
  }
}

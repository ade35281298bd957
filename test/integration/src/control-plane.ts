import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AGENT_GROUP, grantAgentRole } from "./agent-role.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiServer, type ApiServerOptions } from "./api-server.ts";
import { type ApiUser, createUser } from "./api-user.ts";
import { applyCustomResources } from "./custom-resources.ts";
import type { Daemon } from "./daemon.ts";
import { compactEtcd, etcdFolder, startEtcd } from "./etcd.ts";
import type { Fabric } from "./fabric.ts";
import { installGuard, requestAgentToken, waitUntilGuarded } from "./guarded-agents.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { findFreePorts } from "./ports.ts";
import { countRefusals, parseRequestTotals, type RequestTotal } from "./request-metrics.ts";
import type { Run } from "./run.ts";
import { CRD_FOLDER } from "./tools.ts";

/** How a control plane is set up. */
export interface ControlPlaneOptions {
  /** Where it runs; on 127.0.0.1 of the machine, which needs no root, when absent. */
  readonly fabric?: Fabric | undefined;
  /** Whether etcd writes through to the disk; false when absent (see etcd.ts). */
  readonly isDurable?: boolean | undefined;
  /** Names of the nodes whose agents get a token. */
  readonly nodes?: readonly string[] | undefined;
  /**
   * Whether the agents are what the chart makes of them: a service account whose tokens name their node, and admission
   * policies that hold each of them to it; else users with the same rights and no policy. False when absent.
   */
  readonly isGuarded?: boolean | undefined;
  /** Hears of every step. */
  readonly onProgress?: ((text: string) => void) | undefined;
}

const ADMIN = "admin";

/** A user without a single permission, for tests of refusals. */
export const STRANGER = "stranger";

/**
 * A real etcd and a real kube-apiserver with the custom resources in place, and nothing else: no controllers, no
 * scheduler. It ends with its run.
 *
 * @example
 * await using run = await Run.open();
 * const controlPlane = await ControlPlane.start(run);
 * await controlPlane.api.get("/apis/cluster-ipam.io/v1alpha1/ipleases");
 */
export class ControlPlane {
  /** Can be killed, paused and started again. */
  readonly server: ApiServer;
  /** Asks as cluster-admin. */
  readonly api: ApiClient;
  /** cluster-admin's kubeconfig. */
  readonly kubeconfigPath: string;
  readonly #run: Run;
  readonly #users: readonly ApiUser[];
  readonly #place: Place;
  readonly #isDurable: boolean;
  readonly #isGuarded: boolean;
  #etcd: Daemon;

  private constructor(
    run: Run,
    { users, place, isDurable, isGuarded }: Setting,
    parts: Pick<ControlPlane, "etcd" | "server" | "api">,
  ) {
    this.#run = run;
    this.#users = users;
    this.#place = place;
    this.#isDurable = isDurable;
    this.#isGuarded = isGuarded;
    this.#etcd = parts.etcd;
    this.server = parts.server;
    this.api = parts.api;
    this.kubeconfigPath = kubeconfigPath(run, ADMIN);
  }

  /**
   * Starts everything and waits until every custom resource is served.
   *
   * @throws Error with the end of the log of what failed.
   */
  static async start(run: Run, options: ControlPlaneOptions = {}): Promise<ControlPlane> {
    const { isDurable = false, isGuarded = false, nodes = [], onProgress: say = () => undefined } = options;
    const place = options.fabric === undefined ? await placeOnMachine() : placeOnFabric(options.fabric);
    say("starting etcd");
    const etcd = await startEtcd(run, { ...place, isDurable });
    const admin = createUser(ADMIN, ["system:masters"]);
    const agents = nodes.map((node) => createUser(agentUser(node), [AGENT_GROUP]));
    const users = [admin, createUser(STRANGER), ...agents] as const;
    say("starting kube-apiserver");
    const server = await ApiServer.start(run, { ...place, users });
    const parts = { etcd, server, api: await server.connect(admin) };
    const controlPlane = new ControlPlane(run, { users, place, isDurable, isGuarded }, parts);
    await controlPlane.#prepare(say);
    return controlPlane;
  }

  /**
   * Writes a kubeconfig for one of its users: `admin`, `stranger` (who may do nothing), or {@link agentUser}. A name
   * that it does not know gets a token that the server refuses.
   *
   * @returns its path.
   */
  async kubeconfigFor(name: string): Promise<string> {
    const path = kubeconfigPath(this.#run, name);
    await writeKubeconfig(path, { ...this.api.access, token: await this.#tokenOf(name) });
    return path;
  }

  /**
   * Makes the server forget every earlier state, so that pages of lists under way are answered 410: its cache outlives
   * etcd's memory, therefore it is restarted, too. Only for a control plane on the machine.
   */
  async forgetHistory(): Promise<void> {
    await compactEtcd(this.#place.etcdPort);
    await this.server.restart();
  }

  /** Can be paused, which makes the API server slow; its data stay. */
  get etcd(): Daemon {
    return this.#etcd;
  }

  /** Copies etcd's data as they are now, for {@link restore}. @returns the copy's path */
  async backUp(): Promise<string> {
    const copy = join(this.#run.folder, "etcd-backup");
    // Nothing is written to its files while it is stopped in its tracks.
    this.#etcd.pause();
    await cp(etcdFolder(this.#run), copy, { recursive: true, force: true });
    this.#etcd.resume();
    return copy;
  }

  /** Starts etcd and API server anew on the data of a backup: what was written since has never been. */
  async restore(backup: string): Promise<void> {
    await this.server.kill();
    await this.#etcd.kill();
    await rm(etcdFolder(this.#run), { recursive: true });
    await cp(backup, etcdFolder(this.#run), { recursive: true });
    this.#etcd = await startEtcd(this.#run, { ...this.#place, isDurable: this.#isDurable });
    await this.server.restart();
    this.api.disconnect();
  }

  /** How many requests the server has answered since its start, of each kind. It counts its own and kubectl's, too. */
  async requestTotals(): Promise<readonly RequestTotal[]> {
    return parseRequestTotals(await this.#metrics());
  }

  /** How many requests the server has refused since its start, whoever's: by authentication, rights or admission. */
  async refusals(): Promise<number> {
    return countRefusals(await this.#metrics());
  }

  async #metrics(): Promise<string> {
    return (await this.api.send({ method: "GET", path: "/metrics", signal: this.#run.signal })).text;
  }

  async #tokenOf(name: string): Promise<string> {
    const user = this.#users.find((candidate) => candidate.name === name) ?? createUser(name);
    const isAgent = user.groups.includes(AGENT_GROUP);
    return isAgent && this.#isGuarded ? requestAgentToken(this.api, name.slice(agentUser("").length)) : user.token;
  }

  async #prepare(say: (text: string) => void): Promise<void> {
    await this.kubeconfigFor(ADMIN);
    const resources = await applyCustomResources(this.api, CRD_FOLDER, this.#run.signal);
    if (this.#isGuarded) {
      await installGuard(this.#run, this.kubeconfigPath);
      await waitUntilGuarded(this.api);
    } else {
      await grantAgentRole(this.api);
    }
    say(`API server ready at ${this.server.url} with ${resources.join(" and ")}`);
  }
}

interface Setting {
  readonly users: readonly ApiUser[];
  readonly place: Place;
  readonly isDurable: boolean;
  readonly isGuarded: boolean;
}

/** The user that a node's agent is. */
export function agentUser(node: string): string {
  return `agent-${node}`;
}

function kubeconfigPath(run: Run, user: string): string {
  return join(run.folder, user === ADMIN ? "kubeconfig" : `kubeconfig-${user}`);
}

type Place = Pick<ApiServerOptions, "enter" | "address" | "port" | "etcdPort"> & { readonly peerPort: number };

/** The fabric's namespace has every port free. */
function placeOnFabric({ namespace, serverAddress }: Fabric): Place {
  return { enter: namespace.enter, address: serverAddress, port: 6443, etcdPort: 2379, peerPort: 2380 };
}

async function placeOnMachine(): Promise<Place> {
  const [port = 0, etcdPort = 0, peerPort = 0] = await findFreePorts(3);
  return { enter: [], address: "127.0.0.1", port, etcdPort, peerPort };
}

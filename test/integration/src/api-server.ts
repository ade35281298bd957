import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiClient } from "./api-client.ts";
import { type ApiUser, formatTokenFile } from "./api-user.ts";
import { Daemon } from "./daemon.ts";
import type { Run } from "./run.ts";
import { toolPath } from "./tools.ts";
import { waitFor } from "./waiting.ts";

/** Where and how the API server runs. */
export interface ApiServerOptions {
  /** The beginning of the command line; enters a namespace, or is empty. */
  readonly enter: readonly string[];
  /** Where it listens; the server makes itself a certificate for it. */
  readonly address: string;
  readonly port: number;
  readonly etcdPort: number;
  /** The first one must be in system:masters. */
  readonly users: readonly [ApiUser, ...ApiUser[]];
  /** Whether a controller-manager makes service accounts; false when absent. Only then can pods be created. */
  readonly hasControllerManager?: boolean | undefined;
}

const READY_TIMEOUT_MS = 60_000;

/** A kube-apiserver process that can be killed, paused and started again; its address, certificate and users stay. */
export class ApiServer {
  readonly url: string;
  /** PEM file, made at the first start: the server's certificate, then that of the authority that signed it. */
  readonly caPath: string;
  /** PEM file: the key that signs the tokens of service accounts. */
  readonly accountKeyPath: string;
  readonly #run: Run;
  readonly #options: ApiServerOptions;
  #daemon: Daemon;

  private constructor(run: Run, options: ApiServerOptions, daemon: Daemon) {
    this.#run = run;
    this.#options = options;
    this.#daemon = daemon;
    this.url = `https://${options.address}:${options.port}`;
    this.caPath = join(run.folder, "pki/apiserver.crt");
    this.accountKeyPath = keyPath(run);
  }

  /** Starts it and waits until it is ready. */
  static async start(run: Run, options: ApiServerOptions): Promise<ApiServer> {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(keyPath(run), key, { mode: 0o600 });
    await writeFile(tokenPath(run), formatTokenFile(options.users), { mode: 0o600 });
    const server = new ApiServer(run, options, await startProcess(run, options));
    await server.#waitUntilReady();
    return server;
  }

  /** Starts it again after {@link kill} and waits until it is ready. */
  async restart(): Promise<void> {
    await this.kill();
    this.#daemon = await startProcess(this.#run, this.#options);
    await this.#waitUntilReady();
  }

  /** Kills it as a power cut would; who asks is refused a connection. */
  async kill(): Promise<void> {
    await this.#daemon.kill();
  }

  /** Makes it hang: it accepts connections and answers nothing, until {@link resume}. */
  pause(): void {
    this.#daemon.pause();
  }

  /** Lets it go on after {@link pause}; what was sent in between is then served. */
  resume(): void {
    this.#daemon.resume();
  }

  /** A client of its own for one of the users. */
  async connect(user: ApiUser): Promise<ApiClient> {
    return new ApiClient({ url: this.url, ca: await readFile(this.caPath, "utf8"), token: user.token });
  }

  async #waitUntilReady(): Promise<void> {
    const isReady = async (): Promise<true | undefined> => {
      await this.#daemon.assertRunning();
      return (await this.#canAnswer()) ? true : undefined;
    };
    const { signal } = this.#run;
    await waitFor(isReady, { what: `${this.url} to be ready`, timeoutMs: READY_TIMEOUT_MS, intervalMs: 100, signal });
  }

  async #canAnswer(): Promise<boolean> {
    try {
      const client = await this.connect(this.#options.users[0]);
      const answer = await client.send({ method: "GET", path: "/readyz", signal: this.#run.signal });
      client.disconnect();
      return answer.status === 200;
    } catch {
      // No certificate yet, or nobody listens yet.
      return false;
    }
  }
}

function keyPath(run: Run): string {
  return join(run.folder, "service-account.key");
}

function tokenPath(run: Run): string {
  return join(run.folder, "tokens.csv");
}

async function startProcess(run: Run, options: ApiServerOptions): Promise<Daemon> {
  const flags = [
    `--etcd-servers=http://127.0.0.1:${options.etcdPort}`,
    `--bind-address=${options.address}`,
    `--advertise-address=${options.address}`,
    `--secure-port=${options.port}`,
    `--cert-dir=${join(run.folder, "pki")}`,
    `--service-account-key-file=${keyPath(run)}`,
    `--service-account-signing-key-file=${keyPath(run)}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--token-auth-file=${tokenPath(run)}`,
    "--authorization-mode=Node,RBAC",
    "--service-cluster-ip-range=10.96.0.0/16",
    // For the words of `kubectl logs` and `kubectl exec`; nodes have no names that the machine could resolve.
    "--kubelet-preferred-address-types=InternalIP",
    // This plugin waits for service accounts that a controller-manager makes.
    ...(options.hasControllerManager === true ? [] : ["--disable-admission-plugins=ServiceAccount"]),
    // The address is the test's alone: the `kubernetes` service must not carry it.
    "--endpoint-reconciler-type=none",
  ];
  return await Daemon.start(run, "kube-apiserver", {
    argv: [...options.enter, toolPath("kube-apiserver"), ...flags],
    env: {},
    logPath: join(run.folder, "kube-apiserver.log"),
  });
}

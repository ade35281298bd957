import type { OutgoingHttpHeaders } from "node:http";
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";

/** Bytes from a file, or text from an exec plugin. */
type PemText = Buffer | string;

/** TLS options of every connection to the API server. */
interface TlsOptions {
  readonly ca?: PemText;
  readonly cert?: PemText;
  readonly key?: PemText;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Where the API server is, and how to make a connection to it. */
export interface Endpoint {
  /** Scheme, host and port. */
  readonly origin: string;
  /** What comes before every path; "" unless the API server is behind a path of a gateway. */
  readonly basePath: string;
  readonly proxyUrl: string | undefined;
  readonly tls: TlsOptions;
}

/** What a KubeConfig says at one time. */
export interface Access {
  readonly endpoint: Endpoint;
  /** Names and values of the headers that authenticate, in turn. */
  readonly headers: readonly string[];
}

const PROXY_SCHEMES: readonly string[] = ["http:", "https:"];

/** Where the current context of `config` points to, without credentials; throws where that cannot be used. */
export function serverOf(config: KubeConfig): Pick<Endpoint, "origin" | "basePath" | "proxyUrl"> {
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(`the kubeconfig has no cluster for its current context "${config.currentContext}"`);
  const { server, proxyUrl } = cluster;
  if (!URL.canParse(server)) {
    throw new Error(
      `"${server}" is not the URL of an API server: is there neither a kubeconfig nor a service account?`,
    );
  }
  // KubeConfig knows SOCKS too, our transport does not: going around the proxy would be worse than an error.
  if (proxyUrl !== undefined && !(URL.canParse(proxyUrl) && PROXY_SCHEMES.includes(new URL(proxyUrl).protocol))) {
    throw new Error(`proxy-url "${proxyUrl}" is not supported: expected http:// or https://`);
  }
  const { origin, pathname } = new URL(server);
  return { origin, basePath: pathname.replace(/\/$/, ""), proxyUrl };
}

/** Asks `config` for credentials: reads token and certificate files, runs the exec plugin, refreshes OIDC tokens. */
export async function readAccess(config: KubeConfig): Promise<Access> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls = { ca, cert, key, servername, rejectUnauthorized };
  const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)) as TlsOptions;
  return { endpoint: { ...serverOf(config), tls: given }, headers: authenticationHeaders(options) };
}

/** Whether connections made for one endpoint serve the other. */
export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.origin === b.origin && a.proxyUrl === b.proxyUrl && isSameTls(a.tls, b.tls);
}

function isSameTls(a: TlsOptions, b: TlsOptions): boolean {
  return (
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized &&
    isSameText(a.ca, b.ca) &&
    isSameText(a.cert, b.cert) &&
    isSameText(a.key, b.key)
  );
}

function isSameText(a: PemText | undefined, b: PemText | undefined): boolean {
  return a?.toString() === b?.toString();
}

function authenticationHeaders({ headers, auth }: RequestOptions): string[] {
  const flat = Object.entries((headers ?? {}) as OutgoingHttpHeaders).flatMap(([name, value]) => {
    // Token files end with a line feed more often than not, which no header may hold.
    return value === undefined ? [] : [name, String(value).trim()];
  });
  if (auth !== undefined && auth !== null) flat.push("Authorization", `Basic ${Buffer.from(auth).toString("base64")}`);
  return flat;
}

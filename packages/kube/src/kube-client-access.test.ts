import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ConfigSource } from "./config-source.ts";
import { KubeClient } from "./kube-client.ts";
import type { KubeRequest } from "./kube-request.ts";
import { answerStatus, answerText, ScriptedServer, type ScriptedServerOptions } from "./testing/index.ts";

const POST: KubeRequest = { method: "POST", path: "/things", body: '{"a":1}', timeoutMs: 5_000 };

async function startServer(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(options);
  onTestFinished(() => server.close());
  return server;
}

function clientOf(source: ConfigSource): KubeClient {
  const client = new KubeClient({ source, userAgent: "test/1.2.3" });
  onTestFinished(() => client.close());
  return client;
}

function tokensOf({ requests }: ScriptedServer): (string | undefined)[] {
  return requests.map(({ headers }) => headers.authorization);
}

describe("credentials of KubeClient", () => {
  it("are read anew after a 401, and the request is made once more", async () => {
    const server = await startServer();
    let token = "old";
    const client = clientOf(() => server.source({ user: { token } })());
    server.answerWith(answerText(201, "{}"));
    await client.request(POST);
    token = "new";
    server.answerWith(answerStatus(401, "Unauthorized", "Unauthorized"), answerText(201, "{}"));
    expect(await client.request(POST)).toMatchObject({ kind: "answered", status: 201 });
    await client.request(POST);
    expect(tokensOf(server)).toEqual(["Bearer old", "Bearer old", "Bearer new", "Bearer new"]);
  });

  it("that are refused again end the request with 401", async () => {
    const server = await startServer();
    server.answerWith(answerStatus(401, "Unauthorized", "Unauthorized"));
    const client = clientOf(server.source());
    expect(await client.request(POST)).toMatchObject({ kind: "answered", status: 401 });
    expect(server.requests).toHaveLength(2);
  });

  it("that many requests find refused at once are read anew once", async () => {
    const server = await startServer();
    let reads = 0;
    const client = clientOf(() => server.source({ user: { token: `token-${reads++}` } })());
    server.answerWith((response, request) => {
      const isOld = request.headers.authorization === "Bearer token-0";
      setTimeout(() => answerText(isOld ? 401 : 201, "{}")(response, request), 20);
    });
    const answers = await Promise.all(Array.from({ length: 16 }, () => client.request(POST)));
    expect(answers.every((answer) => answer.kind === "answered" && answer.status === 201)).toBe(true);
    expect(reads).toBe(2);
  });

  it("that cannot be read any more fail the request without sending it again", async () => {
    const server = await startServer();
    const source = server.source();
    let isBroken = false;
    const client = clientOf(() => {
      if (isBroken) throw new Error("kubeconfig is half written");
      return source();
    });
    server.answerWith(answerStatus(401, "Unauthorized", "Unauthorized"));
    isBroken = true;
    expect(await client.request(POST)).toMatchObject({
      kind: "failed",
      isSent: false,
      cause: { message: "kubeconfig is half written" },
    });
  });

  it("come from an exec plugin", async () => {
    const server = await startServer();
    server.answerWith(answerText(200, "{}"));
    const credential = JSON.stringify({ status: { token: "from-exec" } });
    await clientOf(server.source({ user: execUser(`echo '${credential}'`) })).request(POST);
    expect(tokensOf(server)).toEqual(["Bearer from-exec"]);
  });

  it.each([
    ["fails", "echo no luck >&2; exit 1", "no luck"],
    ["hangs", "exec sleep 1", "no credentials in time"],
  ])("from an exec plugin that %s fail the request in time, without sending it", async (_title, command, text) => {
    const server = await startServer();
    const answer = await clientOf(server.source({ user: execUser(command) })).request({ ...POST, timeoutMs: 300 });
    expect(answer).toMatchObject({ kind: "failed", isSent: false, cause: { message: expect.stringContaining(text) } });
    expect(server.requests).toHaveLength(0);
  });
});

describe("TLS of KubeClient", () => {
  it("does not talk to a server that another authority signed", async () => {
    const [server, other] = [await startServer(), await startServer()];
    const client = clientOf(other.source({ cluster: { server: server.url } }));
    const answer = await client.request(POST);
    expect(answer).toMatchObject({ kind: "failed", isSent: false });
    expect(answer.kind === "failed" && answer.cause.message).toMatch(/self-signed certificate/);
  });

  it("talks to any server with insecure-skip-tls-verify", async () => {
    const [server, other] = [await startServer(), await startServer()];
    server.answerWith(answerText(201, "{}"));
    const client = clientOf(other.source({ cluster: { server: server.url, "insecure-skip-tls-verify": true } }));
    expect(await client.request(POST)).toMatchObject({ kind: "answered", status: 201 });
  });

  it("holds the certificate to tls-server-name", async () => {
    const server = await startServer();
    server.answerWith(answerText(201, "{}"));
    const good = clientOf(server.source({ cluster: { "tls-server-name": "api.test" } }));
    expect(await good.request(POST)).toMatchObject({ kind: "answered" });
    const bad = clientOf(server.source({ cluster: { "tls-server-name": "other.test" } }));
    expect(await bad.request(POST)).toMatchObject({ kind: "failed", isSent: false });
  });

  it("shows the client certificate of the user", async () => {
    const { certificate } = await startServer();
    const server = await startServer({ clientCertificate: certificate.cert });
    server.answerWith(answerText(201, "{}"));
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const user = { "client-certificate-data": base64(certificate.cert), "client-key-data": base64(certificate.key) };
    expect(await clientOf(server.source({ user })).request(POST)).toMatchObject({ kind: "answered", status: 201 });
    expect(await clientOf(server.source()).request(POST)).toMatchObject({ kind: "failed" });
    expect(server.requests).toHaveLength(1);
  });
});

describe("a proxy of KubeClient", () => {
  it("is used when the kubeconfig names one", async () => {
    const server = await startServer();
    server.answerWith(answerText(201, "{}"));
    const proxy = await startProxy();
    const client = clientOf(server.source({ cluster: { "proxy-url": proxy.url } }));
    expect(await client.request(POST)).toMatchObject({ kind: "answered", status: 201 });
    expect(await client.request(POST)).toMatchObject({ kind: "answered", status: 201 });
    expect(new Set(proxy.targets)).toEqual(new Set([new URL(server.url).host]));
    expect(server.requests[0]?.headers).toMatchObject({
      host: new URL(server.url).host,
      authorization: "Bearer secret",
    });
  });

  it.each([["socks5://127.0.0.1:1080"], ["not a url"]])("%s is refused", async (proxyUrl) => {
    const source = (await startServer()).source({ cluster: { "proxy-url": proxyUrl } });
    expect(() => clientOf(source)).toThrow(`proxy-url "${proxyUrl}" is not supported`);
  });
});

function execUser(command: string): object {
  return { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "/bin/sh", args: ["-c", command] } };
}

async function startProxy(): Promise<{ url: string; targets: string[] }> {
  const targets: string[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, socket) => {
    const target = request.url ?? "";
    targets.push(target);
    const upstream = connect(Number(target.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    for (const side of [upstream, socket]) side.on("error", () => undefined);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  const address = proxy.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, targets };
}

import { describe, expect, it, onTestFinished } from "vitest";
import type { Endpoint } from "./access.ts";
import { Connections } from "./connections.ts";

const ENDPOINT: Endpoint = {
  origin: "https://127.0.0.1:6443",
  basePath: "",
  proxyUrl: undefined,
  tls: { ca: Buffer.from("authority"), cert: Buffer.from("certificate"), key: "key", servername: "api" },
};

function open(): Connections {
  const connections = new Connections();
  onTestFinished(() => connections.close());
  return connections;
}

describe("Connections", () => {
  it("are the same for an endpoint that was read again", () => {
    const connections = open();
    const tls = { ...ENDPOINT.tls, ca: "authority", cert: Buffer.from("certificate") };
    expect(connections.dispatcher({ ...ENDPOINT, tls })).toBe(connections.dispatcher(ENDPOINT));
  });

  it.each([
    ["the authority", { tls: { ...ENDPOINT.tls, ca: Buffer.from("another") } }],
    ["the certificate", { tls: { ...ENDPOINT.tls, cert: Buffer.from("another") } }],
    ["the key", { tls: { ...ENDPOINT.tls, key: "another" } }],
    ["the server's name", { tls: { ...ENDPOINT.tls, servername: "another" } }],
    ["verification", { tls: { ...ENDPOINT.tls, rejectUnauthorized: false } }],
    ["the server", { origin: "https://127.0.0.1:6444" }],
    ["the proxy", { proxyUrl: "http://127.0.0.1:3128" }],
  ])("are others once %s has changed", (_title, changed) => {
    const connections = open();
    const before = connections.dispatcher(ENDPOINT);
    const after = connections.dispatcher({ ...ENDPOINT, ...changed });
    expect(after).not.toBe(before);
    expect(connections.dispatcher({ ...ENDPOINT, ...changed })).toBe(after);
  });

  it("are replaced once when many requests on them give them up", () => {
    const connections = open();
    const before = connections.dispatcher(ENDPOINT);
    connections.retire(before);
    const after = connections.dispatcher(ENDPOINT);
    expect(after).not.toBe(before);
    connections.retire(before);
    expect(connections.dispatcher(ENDPOINT)).toBe(after);
  });
});

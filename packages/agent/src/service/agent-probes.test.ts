import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findDeafness, findUnreadiness } from "./agent-probes.ts";

let folder: string;
const servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cluster-ipam-probes-"));
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true });
});

function listen(name: string, body: string): Promise<string> {
  const path = join(folder, name);
  const server = createServer((_request, response) => response.end(body));
  servers.push(server);
  return new Promise((resolve) => server.listen(path, () => resolve(path)));
}

describe("an agent is deaf", () => {
  test("not, while it answers on the path by its own name", async () => {
    const path = await listen("own", '{"instance":"a1"}');
    expect(await findDeafness(path, "a1")).toEqual([]);
  });

  test("when its socket is gone", async () => {
    const path = await listen("own", '{"instance":"a1"}');
    await rm(path);
    expect(await findDeafness(path, "a1")).toEqual([
      `this process cannot be reached on ${path}: connect ENOENT ${path}`,
    ]);
  });

  test.each(['{"instance":"a2"}', '{"status":"ok"}', "[]"])("when the path is another's, who says %s", async (body) => {
    const path = await listen("own", '{"instance":"a1"}');
    await rename(await listen("other", body), path);
    expect(await findDeafness(path, "a1")).toEqual([`another process answers on ${path}`]);
  });

  test("when something answers there that is no agent", async () => {
    expect(await findDeafness(await listen("own", "hello"), "a1")).toEqual([
      expect.stringContaining("cannot be reached"),
    ]);
  });
});

describe("an agent is ready", () => {
  const serving = (): { readonly spoolFolder: string; readonly isServing: boolean } => ({
    spoolFolder: join(folder, "spool"),
    isServing: true,
  });

  test("once it serves, has read its leases and can spool; and leaves no file behind", async () => {
    expect(await findUnreadiness({ isLoaded: true }, serving())).toEqual([]);
    expect(await readdir(join(folder, "spool"))).toEqual([]);
  });

  test("not before there is one, and not before it has read its leases", async () => {
    const message = ["the node's leases have not been read yet"];
    expect(await findUnreadiness(undefined, serving())).toEqual(message);
    expect(await findUnreadiness({ isLoaded: false }, serving())).toEqual(message);
  });

  test("not while it does not serve", async () => {
    expect(await findUnreadiness({ isLoaded: true }, { ...serving(), isServing: false })).toEqual([
      "the agent does not listen yet, or is shutting down",
    ]);
  });

  test("not when the spool is no folder, or takes no file", async () => {
    await writeFile(join(folder, "spool"), "");
    expect(await findUnreadiness({ isLoaded: true }, serving())).toEqual([
      expect.stringContaining("the spool cannot be written to: EEXIST"),
    ]);
    await rm(join(folder, "spool"));
    await mkdir(join(folder, "spool", `probe.${process.pid}.tmp`), { recursive: true });
    expect(await findUnreadiness({ isLoaded: true }, serving())).toEqual([
      expect.stringContaining("the spool cannot be written to: EISDIR"),
    ]);
  });
});

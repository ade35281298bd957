import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeTraceLine, type TracedCall, traceControlPath, tracePath } from "./trace.ts";

const CALL: TracedCall = {
  startedAtEpochMs: Date.UTC(2026, 1, 28, 23, 59, 59, 7),
  by: "agent",
  node: "n1",
  env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_IFNAME: "net1", CNI_NETNS: "/run/netns/x" },
  stdin: '{"cniVersion":"1.1.0","name":"lan"}',
  stdout: '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/24"}]}',
  exitCode: 0,
  durationMs: 4.123_456,
  requests: [
    { method: "POST", path: "/apis/x/ipleases", status: 409, durationMs: 1.5 },
    { method: "POST", path: "/apis/x/ipleases", status: 201, durationMs: 2.000_01 },
  ],
};

function traced(change: Partial<TracedCall>): Record<string, unknown> {
  const line = encodeTraceLine({ ...CALL, ...change });
  expect(line.endsWith("\n")).toBe(true);
  expect(line.indexOf("\n")).toBe(line.length - 1);
  return JSON.parse(line) as Record<string, unknown>;
}

test("a line tells everything of its call", () => {
  expect(traced({})).toEqual({
    time: "2026-02-28T23:59:59.007Z",
    node: "n1",
    by: "agent",
    command: "ADD",
    containerId: "c1",
    ifName: "net1",
    exitCode: 0,
    durationMs: 4.123,
    env: CALL.env,
    stdin: { cniVersion: "1.1.0", name: "lan" },
    stdout: CALL.stdout,
    conflicts: 1,
    requestCount: 2,
    requests: [
      { method: "POST", path: "/apis/x/ipleases", status: 409, durationMs: 1.5 },
      { method: "POST", path: "/apis/x/ipleases", status: 201, durationMs: 2 },
    ],
  });
});

test("the environment is that of CNI alone", () => {
  expect(traced({ env: { CNI_COMMAND: "DEL", HTTP_PROXY: "http://u:p@x", PATH: "/bin" } })["env"]).toEqual({
    CNI_COMMAND: "DEL",
  });
});

describe("a secret is hidden", () => {
  test.for([
    "password",
    "Password",
    "wifi_psk",
    "k8s_auth_token",
    "clientSecret",
    "Authorization",
    "apiKey",
    "ssh-key",
    "passphrase",
    "credentials",
    "pwd",
    "bearer",
    "Cookie",
  ])("under %s, wherever it stands and whatever it is", (name) => {
    const stdin = JSON.stringify({
      [name]: "hunter2",
      ipam: { list: [{ [name]: { user: "hunter2", ids: [4242] } }], [name]: ["hunter2"] },
    });
    const env = { CNI_COMMAND: "ADD", CNI_ARGS: `A=1;${name}=hunter2=x;hunter2;B=2` };
    const stdout = '{"code":7,"msg":"value \\"hunter2\\" and 4242 are wrong"}';
    const call = traced({ stdin, env, stdout });
    expect(JSON.stringify(call)).not.toMatch(/hunter2|4242/);
    expect(call).toMatchObject({
      stdin: { [name]: "(hidden)", ipam: { list: [{ [name]: "(hidden)" }], [name]: "(hidden)" } },
      env: { CNI_ARGS: `A=1;${name}=(hidden);(hidden);B=2` },
      stdout: '{"code":7,"msg":"value \\"(hidden)\\" and (hidden) are wrong"}',
    });
  });

  test("in a URL, and the rest of the URL stays", () => {
    const stdin = '{"endpoint":"https://user:hunter2@etcd:2379/x","plain":"http://etcd/a@b"}';
    expect(traced({ stdin })["stdin"]).toEqual({
      endpoint: "https://(hidden)@etcd:2379/x",
      plain: "http://etcd/a@b",
    });
  });

  test.for<readonly [string, unknown, unknown]>([
    ["in a document inside a text", ' {"a":[{"password":"hunter2"}]}', '{"a":[{"password":"(hidden)"}]}'],
    ["in a document that breaks off", '{"password":"hunter2', '{"password":"(hidden)'],
    ["behind a flag", ["--db-password=hunter2", "-v"], ["--db-password=(hidden)", "-v"]],
    ["as a flag's next item", ["--db-password", "hunter2", "-v"], ["--db-password", "(hidden)", "-v"]],
    ["in a header", ["Authorization: Bearer hunter2"], ["Authorization: Bearer (hidden)"]],
    ["in a query", "http://etcd/?token=hunter2&a=b", "http://etcd/?token=(hidden)&a=b"],
    ["beside its name", { name: "DB_PASSWORD", value: "hunter2" }, { name: "DB_PASSWORD", value: "(hidden)" }],
  ])("%s", ([, given, shown]) => {
    const stdout = '{"code":7,"msg":"hunter2 is wrong"}';
    const call = traced({ stdin: JSON.stringify({ name: "lan", given }), stdout });
    expect(call).toMatchObject({
      stdin: { name: "lan", given: shown },
      stdout: '{"code":7,"msg":"(hidden) is wrong"}',
    });
  });

  test("though the answer quotes it twice over, or cuts it, or it begins with another", () => {
    const [quoted, long] = ['hunter2"\\x', `hunter3${"y".repeat(200)}`];
    const stdin = JSON.stringify({ token: [quoted, long, "hunter"] });
    const msg = `${JSON.stringify([quoted])} and "${long.slice(0, 80)}"…`;
    expect(traced({ stdin, stdout: JSON.stringify({ msg }) })["stdout"]).toBe(
      JSON.stringify({ msg: '["(hidden)"] and "(hidden)"…' }),
    );
  });

  test("though the answer quotes it as JSON writes it", () => {
    const secret = 'a"b\\c';
    const call = traced({ stdin: JSON.stringify({ token: secret }), stdout: JSON.stringify({ msg: `bad ${secret}` }) });
    expect(call["stdout"]).toBe('{"msg":"bad (hidden)"}');
  });

  test("in text that is no JSON, which ends before the first word that names one", () => {
    expect(traced({ stdin: '{"name":"lan","password":"hunter2' })["stdin"]).toBe(
      '{"name":"lan","(18 characters left out)',
    );
    expect(traced({ stdin: String.raw`{"name":"lan","p\u0061ssword":"hunter2` })["stdin"]).toBe(
      '{"name":"lan","p(22 characters left out)',
    );
  });
});

test("what is no secret stays, also beside one", () => {
  const stdin = '{"name":"lan","mtu":1500,"ipam":{"type":"cluster-ipam","ranges":[null,true]},"token":""}';
  expect(traced({ stdin })["stdin"]).toEqual({
    name: "lan",
    mtu: 1500,
    ipam: { type: "cluster-ipam", ranges: [null, true] },
    token: "(hidden)",
  });
});

test("text that is no JSON is kept as far as it tells what it is", () => {
  expect(traced({ stdin: "kind: x\n" })["stdin"]).toBe("kind: x\n");
  expect(traced({ stdin: "x".repeat(1000) })["stdin"]).toBe(`${"x".repeat(256)}(744 characters left out)`);
});

test("text that almost names a secret takes no time", () => {
  const stdin = JSON.stringify(["pass", "key-", "token= ", "://", "{["].map((part) => part.repeat(200_000)));
  expect(encodeTraceLine({ ...CALL, stdin, stdout: stdin }).length).toBeLessThan(1_048_577);
});

test("nothing makes a line longer than it may be, or fail", () => {
  const long = { stdin: JSON.stringify({ name: "x".repeat(3_000_000) }), stdout: "y".repeat(2_000_000) };
  expect(encodeTraceLine({ ...CALL, ...long }).length).toBeLessThan(1_048_577);
  const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
  expect(encodeTraceLine({ ...CALL, stdin: deep })).toContain("(too deep)");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.json(), fc.string(), (stdin, json, args) => {
      for (const text of [stdin, json]) traced({ stdin: text, stdout: text, env: { CNI_ARGS: args } });
    }),
  );
});

test("no value under a secret's name is ever in the line", () => {
  const value = fc.stringMatching(/^[a-z0-9"\\é]{8,20}$/);
  fc.assert(
    fc.property(value, fc.constantFrom("PASSWORD", "my_key", "Token"), fc.nat(5), (secret, name, depth) => {
      let config: unknown = { [name]: secret };
      for (let level = 0; level < depth; level += 1) config = level % 2 === 0 ? [config] : { inner: config };
      const stdin = JSON.stringify(config);
      const line = encodeTraceLine({ ...CALL, stdin, stdout: `it said ${secret}` });
      expect(line).not.toContain(JSON.stringify(secret).slice(1, -1));
    }),
  );
});

test.for([
  ["", "/state/trace.jsonl"],
  ["\n/later\n", "/state/trace.jsonl"],
  ["relative", "/state/trace.jsonl"],
  ["/var/log/trace", "/var/log/trace"],
  [" /var/log/trace \r\nmore", "/var/log/trace"],
] as const)("a control file of %j sends the trace to %s", ([text, path]) => {
  expect(tracePath(text, "/state")).toBe(path);
  expect(traceControlPath("/state")).toBe("/state/trace.on");
});

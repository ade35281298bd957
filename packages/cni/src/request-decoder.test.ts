import { CATALOGUE, IpamError } from "@cluster-ipam/errors";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CniRequest } from "./request.ts";
import { decodeRequest } from "./request-decoder.ts";

const ENV = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/x", CNI_IFNAME: "net1" };
const CONFIG = { cniVersion: "1.1.0", name: "lan", type: "macvlan", ipam: { type: "cluster-ipam" } };

interface Call {
  readonly env?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly stdin?: string;
}

function decode({ env = {}, config = {}, stdin = JSON.stringify({ ...CONFIG, ...config }) }: Call): CniRequest {
  return decodeRequest({ startedAt: "9007199254740993", env: { ...ENV, ...env }, stdin });
}

function expectError(call: Call, code: string, ...fragments: readonly string[]): void {
  const error = catchError(() => decode(call));
  expect(error).toBeInstanceOf(IpamError);
  expect(error).toMatchObject({ code });
  for (const fragment of fragments) expect((error as IpamError).message).toContain(fragment);
}

function catchError(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

test("an ADD decodes to everything that the agent needs", () => {
  const args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_UID=u-1";
  const config = { runtimeConfig: { ips: ["10.0.0.5/24", "fd00::5"] }, prevResult: { cniVersion: "1.1.0" } };
  const request = decode({ env: { CNI_ARGS: args, CNI_PATH: "/opt/cni/bin" }, config });
  expect(request).toEqual({
    command: "ADD",
    cniVersion: "1.1.0",
    attachment: { network: "lan", containerId: "c1", ifName: "net1" },
    netns: "/run/netns/x",
    pod: { namespace: "shop", name: "web-0", uid: "u-1" },
    args: new Map([
      ["IgnoreUnknown", "1"],
      ["K8S_POD_NAMESPACE", "shop"],
      ["K8S_POD_NAME", "web-0"],
      ["K8S_POD_UID", "u-1"],
    ]),
    config: { ...CONFIG, ...config },
    ipam: { type: "cluster-ipam" },
    requestedIps: ["10.0.0.5/24", "fd00::5"],
    prevResult: { cniVersion: "1.1.0" },
    validAttachments: undefined,
    startedAtNs: 9_007_199_254_740_993n,
  });
});

test("what is absent decodes to empty values", () => {
  expect(decode({ stdin: '{"name":"lan","ipam":null,"runtimeConfig":null,"prevResult":null}' })).toMatchObject({
    cniVersion: "0.1.0",
    pod: undefined,
    ipam: {},
    requestedIps: [],
    prevResult: undefined,
  });
});

test("keys are found in any letter case, as Go finds them", () => {
  const stdin = `{"CNIVERSION":"1.0.0","Name":"lan","IPAM":{"type":"x"},"runtimeconfig":{"IPs":["10.0.0.5"]},"prevresult":{}}`;
  expect(decode({ stdin })).toMatchObject({
    cniVersion: "1.0.0",
    attachment: { network: "lan" },
    ipam: { type: "x" },
    requestedIps: ["10.0.0.5"],
    prevResult: {},
  });
});

describe("environment", () => {
  test.for([
    ["ADD", "CNI_CONTAINERID"],
    ["ADD", "CNI_NETNS"],
    ["ADD", "CNI_IFNAME"],
    ["CHECK", "CNI_CONTAINERID"],
    ["CHECK", "CNI_NETNS"],
    ["CHECK", "CNI_IFNAME"],
    ["DEL", "CNI_CONTAINERID"],
    ["DEL", "CNI_IFNAME"],
  ] as const)("%s without %s says which variable is missing", ([command, variable]) => {
    expectError({ env: { CNI_COMMAND: command, [variable]: "" } }, "bad-environment", command, variable);
  });

  test("all missing variables are named at once", () => {
    expectError({ env: { CNI_CONTAINERID: "", CNI_NETNS: "" } }, "bad-environment", "CNI_CONTAINERID, CNI_NETNS");
  });

  test.for([
    { CNI_COMMAND: "DEL", CNI_NETNS: "" },
    { CNI_COMMAND: "STATUS", CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" },
    { CNI_COMMAND: "GC", CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" },
    { CNI_COMMAND: "GC", CNI_IFNAME: "never looked at" },
  ])("%j needs nothing more", (env) => {
    expect(decode({ env }).command).toBe(env.CNI_COMMAND);
  });

  test.for(["", "add", "UPDATE", "VERSION", "constructor"])("CNI_COMMAND %j is refused", (command) => {
    expectError({ env: { CNI_COMMAND: command } }, "bad-environment", "CNI_COMMAND", "ADD");
  });

  test.for([".c1", "-c1", "_c1", "c1/../x", "c 1", "ć1", "c1\n"])("container ID %j is refused, on DEL too", (id) => {
    expectError({ env: { CNI_CONTAINERID: id } }, "bad-environment", "CNI_CONTAINERID");
    expectError({ env: { CNI_CONTAINERID: id, CNI_COMMAND: "DEL" } }, "bad-environment", "CNI_CONTAINERID");
  });

  test.for(["c", "0", "A.b_c-9", "a".repeat(64)])("container ID %j is taken", (id) => {
    expect(decode({ env: { CNI_CONTAINERID: id } }).attachment.containerId).toBe(id);
  });

  test.for([".", "..", "a/b", "a:b", "a b", "a\tb", "a\u00a0b", "sixteen-letters-", "éééééééé"])(
    "interface name %j is refused",
    (name) => {
      expectError({ env: { CNI_IFNAME: name } }, "bad-environment", "CNI_IFNAME");
    },
  );

  test.for(["e", "...", "fifteen-letters", "ééééééé", "eth0.100", "vlan@x"])("interface name %j is taken", (name) => {
    expect(decode({ env: { CNI_IFNAME: name } }).attachment.ifName).toBe(name);
  });

  test("malformed CNI_ARGS are refused by ADD and CHECK, ignored by the others", () => {
    const env = { CNI_ARGS: "IP" };
    expectError({ env }, "bad-environment", "CNI_ARGS");
    expectError({ env: { ...env, CNI_COMMAND: "CHECK" } }, "bad-environment", "CNI_ARGS");
    for (const command of ["DEL", "STATUS", "GC"]) {
      expect(decode({ env: { ...env, CNI_COMMAND: command } }).command).toBe(command);
    }
  });

  test.for(["", "-1", "1.5", "1e9", "soon", "9".repeat(30)])("start %j is refused", (startedAt) => {
    const error = catchError(() => decodeRequest({ startedAt, env: ENV, stdin: JSON.stringify(CONFIG) }));
    expect(error).toMatchObject({ code: "bad-environment" });
  });
});

describe("standard input", () => {
  test.for([
    ["", "is empty"],
    [" \n", "is empty"],
    ['{"name":"lan",\n "ipam":{"subnet"}}', 'line 2, column 18: unexpected "}"'],
    ['{"name":"lan"', "line 1, column 14: unexpected end"],
    ['\ufeff{"name":"lan"}', "line 1, column 1"],
    ['{"name":"lan"} 😀', 'column 16: unexpected "😀"'],
    ["[]", "is a list"],
    ["null", "is null"],
    ['"lan"', 'is "lan"'],
    ["[".repeat(100_000), "line 1, column 100001"],
  ] as const)("%j is refused with its place", ([stdin, place]) => {
    expectError({ stdin }, "bad-json", place);
  });

  test.for([
    ["ADD", "0.5.0", "0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"],
    ["ADD", 1, "1.1.0"],
    ["ADD", { a: 1 }, "1.1.0"],
    ["CHECK", "0.3.1", "0.4.0, 1.0.0, 1.1.0"],
    ["CHECK", "", "0.4.0, 1.0.0, 1.1.0"],
    ["STATUS", "1.0.0", "use one of 1.1.0"],
    ["GC", "1.0.0", "use one of 1.1.0"],
  ] as const)("%s with cniVersion %j lists the versions that work", ([command, cniVersion, versions]) => {
    expectError({ env: { CNI_COMMAND: command }, config: { cniVersion } }, "incompatible-version", versions);
  });

  test.for([
    [{ name: undefined }, '"name"'],
    [{ name: "" }, '"name"'],
    [{ name: 5 }, '"name" 5'],
    [{ name: "-lan" }, '"-lan"'],
    [{ name: "lan/../../etc" }, '"lan/../../etc"'],
    [{ name: "lan 1" }, '"lan 1"'],
    [{ ipam: [] }, '"ipam" is a list'],
    [{ ipam: "cluster-ipam" }, '"ipam" is "cluster-ipam"'],
    [{ runtimeConfig: 1 }, '"runtimeConfig" is 1'],
    [{ runtimeConfig: { ips: "10.0.0.5" } }, '"runtimeConfig.ips"'],
    [{ runtimeConfig: { ips: [5] } }, '"runtimeConfig.ips"'],
    [{ prevResult: "x" }, '"prevResult"'],
  ] as const)("%j is refused by its key", ([config, fragment]) => {
    expectError({ config }, "bad-config", fragment);
  });

  test("the errors that need a correction first come first", () => {
    expectError({ env: { CNI_IFNAME: "" }, stdin: "{" }, "bad-environment");
    expectError({ config: { cniVersion: "9.9.9", name: "" } }, "incompatible-version");
  });
});

describe("GC", () => {
  const env = { CNI_COMMAND: "GC" };
  const key = "cni.dev/valid-attachments";

  test("takes the valid attachments, keys in any letter case", () => {
    const config = {
      [key]: [
        { containerID: "a", ifname: "eth0" },
        { containerid: "b", ifName: "net1", more: 1 },
      ],
    };
    expect(decode({ env, config }).validAttachments).toEqual([
      { containerID: "a", ifname: "eth0" },
      { containerID: "b", ifname: "net1" },
    ]);
  });

  test.for([[{}], [{ [key]: null }]])("tells an absent list from an empty one: %j", ([config = {}]) => {
    expect(decode({ env, config }).validAttachments).toBeUndefined();
    expect(decode({ env, config: { [key]: [] } }).validAttachments).toEqual([]);
  });

  test.for([["x"], [[{}]], [["a"]], [[{ containerID: "a" }]], [[{ containerID: 1, ifname: "eth0" }]]])(
    "refuses the list %j: a wrong one would free living addresses",
    ([list]) => {
      expectError({ env, config: { [key]: list } }, "bad-config", key);
    },
  );
});

describe("DEL", () => {
  const env = { CNI_COMMAND: "DEL", CNI_NETNS: "", CNI_ARGS: "broken" };

  test.for([
    [JSON.stringify(CONFIG), "lan", "1.1.0"],
    ['{"name":"lan"}', "lan", "0.1.0"],
    ['{"NAME":"lan","cniVersion":"0.3.1"}', "lan", "0.3.1"],
    ['{"name":"lan","cniVersion":"9.9.9"}', "lan", "1.1.0"],
    ['{"name":"lan","cniVersion":7,"ipam":7,"prevResult":7,"runtimeConfig":7}', "lan", "1.1.0"],
    ['{"name":"not a name"}', "not a name", "0.1.0"],
    ['{"name":7}', "", "0.1.0"],
    ["{}", "", "0.1.0"],
    ["[]", "", "1.1.0"],
    ["{", "", "1.1.0"],
    ["", "", "1.1.0"],
  ] as const)("of %j keeps the attachment: network %j, version %j", ([stdin, network, cniVersion]) => {
    expect(decode({ env, stdin })).toMatchObject({
      command: "DEL",
      cniVersion,
      attachment: { network, containerId: "c1", ifName: "net1" },
    });
  });

  test("takes over the parts that can be read beside those that cannot", () => {
    const request = decode({ env, config: { prevResult: 7, runtimeConfig: { ips: 7 } } });
    expect(request).toMatchObject({ ipam: CONFIG.ipam, prevResult: undefined, requestedIps: [] });
  });

  test("whatever stands on standard input, DEL decodes", () => {
    fc.assert(
      fc.property(anyStdin(), (stdin) => {
        expect(decode({ env, stdin }).attachment).toMatchObject({ containerId: "c1", ifName: "net1" });
      }),
    );
  });
});

test("any environment and any input give a request or an error of the catalogue", () => {
  const value = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("ADD", "DEL", "CHECK", "STATUS", "GC", "c1"));
  const env = fc.record(
    { CNI_COMMAND: value, CNI_CONTAINERID: value, CNI_NETNS: value, CNI_IFNAME: value, CNI_ARGS: value },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(env, anyStdin(), fc.oneof(fc.string(), fc.nat().map(String)), (variables, stdin, startedAt) => {
      const complete = { ...ENV, ...variables } as Record<string, string>;
      const outcome = catchError(() => decodeRequest({ startedAt, env: complete, stdin }));
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(IpamError);
        expect(Object.keys(CATALOGUE)).toContain((outcome as IpamError).code);
        expect((outcome as IpamError).code).not.toBe("internal");
      } else {
        expect((outcome as CniRequest).attachment).toBeDefined();
      }
    }),
    { numRuns: 2000 },
  );
});

function anyStdin(): fc.Arbitrary<string> {
  const keys = ["cniVersion", "name", "ipam", "runtimeConfig", "ips", "prevResult", "cni.dev/valid-attachments"];
  const nearlyConfig = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()).map((config) => JSON.stringify(config));
  return fc.oneof(fc.string({ unit: "binary" }), fc.json(), nearlyConfig);
}

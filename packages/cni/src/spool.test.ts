import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeSpooledRelease,
  encodeSpooledRelease,
  isSpoolDraftName,
  isSpoolFileName,
  type SpooledRelease,
  spoolFileName,
} from "./spool.ts";

const RELEASE: SpooledRelease = {
  attachment: { network: "lan", containerId: "c1", ifName: "net1" },
  startedAtNs: 9_007_199_254_740_993n,
  bootId: "b0071d",
};
const TEXT = encodeSpooledRelease(RELEASE);
const releases = fc.record({
  attachment: fc.record({
    network: fc.string({ unit: "binary" }),
    containerId: fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/),
    ifName: fc.constantFrom("net1", "eth0", "żółw0"),
  }),
  startedAtNs: fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }),
  bootId: fc.uuid(),
});

function changed(change: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(TEXT) as object), ...change });
}

describe("a file that is no release says why", () => {
  test.for([
    ["", "not a JSON object"],
    ["\0".repeat(120), "not a JSON object"],
    ["null", "not a JSON object"],
    [`[${TEXT}]`, "not a JSON object"],
    ["{}", "version is nothing: expected 1"],
    [changed({ version: 2 }), "version is 2: expected 1"],
    [changed({ version: "1" }), 'version is "1": expected 1'],
    [changed({ network: undefined }), "network is nothing"],
    [changed({ network: 7 }), "network is 7"],
    [changed({ bootID: null }), "bootID is null"],
    [changed({ startedAt: 12 }), "startedAt is 12"],
    [changed({ startedAt: "-1" }), 'startedAt is "-1"'],
    [changed({ startedAt: "1".repeat(21) }), "startedAt is"],
    [changed({ containerID: "" }), "CNI_CONTAINERID"],
    [changed({ containerID: "../c1" }), "CNI_CONTAINERID"],
    [changed({ containerID: ["c1"] }), "CNI_CONTAINERID"],
    [changed({ ifName: "net/1" }), "CNI_IFNAME"],
    [changed({ ifName: undefined }), "CNI_IFNAME"],
  ] as const)("%j", ([text, fragment]) => {
    expect(decodeSpooledRelease(text)).toEqual({ kind: "bad", reason: expect.stringContaining(fragment) });
  });

  test("cut after any of its characters", () => {
    for (let length = 0; length < TEXT.length - 1; length += 1) {
      expect(decodeSpooledRelease(TEXT.slice(0, length)).kind, `${length} characters`).toBe("bad");
    }
  });
});

test("what was written is read, whatever the network is called", () => {
  fc.assert(
    fc.property(releases, (release) => {
      expect(decodeSpooledRelease(encodeSpooledRelease(release))).toEqual({ kind: "release", release });
    }),
  );
});

test("a key of a later minor form is passed over", () => {
  expect(decodeSpooledRelease(changed({ reason: "timeout" }))).toEqual({ kind: "release", release: RELEASE });
});

test("names sort by the start and hold nothing that came in", () => {
  fc.assert(
    fc.property(releases, releases, (one, other) => {
      const [first, second] = [one, other].map(spoolFileName);
      for (const name of [first, second]) expect(name).toMatch(/^\d{20}-[0-9a-f]{16}\.json$/);
      if (one.startedAtNs < other.startedAtNs) expect((first ?? "") < (second ?? "")).toBe(true);
    }),
  );
});

test("each attachment, start and boot has a name of its own, and always the same", () => {
  const { attachment } = RELEASE;
  const different = [
    RELEASE,
    { ...RELEASE, startedAtNs: 5n },
    { ...RELEASE, bootId: "b2" },
    { ...RELEASE, attachment: { ...attachment, network: "" } },
    { ...RELEASE, attachment: { ...attachment, containerId: "c2" } },
    { ...RELEASE, attachment: { ...attachment, ifName: "net2" } },
    // The parts of the two say the same when they are put one behind the other.
    { ...RELEASE, attachment: { network: "lanc", containerId: "1", ifName: "net1" } },
  ];
  expect(new Set(different.map(spoolFileName)).size).toBe(different.length);
  expect(spoolFileName({ ...RELEASE })).toBe(spoolFileName(RELEASE));
});

test.for([
  [spoolFileName(RELEASE), true, false],
  [`${spoolFileName(RELEASE)}.77.tmp`, false, true],
  [`${spoolFileName(RELEASE)}~`, false, false],
  ["release.json", false, false],
  ["bad", false, false],
] as const)("%s is told by its name", ([name, isFile, isDraft]) => {
  expect([isSpoolFileName(name), isSpoolDraftName(name)]).toEqual([isFile, isDraft]);
});

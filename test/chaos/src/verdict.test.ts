import type { IPLease } from "@cluster-ipam/api";
import { beforeEach, describe, expect, test } from "vitest";
import type { AttachmentRecord } from "./attachment.ts";
import { Ledger } from "./ledger.ts";
import { attachmentOf, leaseOf } from "./testing/attachments.ts";
import { holdingsOf, leasesLeftBehind, lostLeases } from "./verdict.ts";

const ATTACHMENT = attachmentOf("a");
const ADDRESS = "10.0.0.5";

let ledger: Ledger;
let record: AttachmentRecord;

beforeEach(() => {
  ledger = new Ledger();
  record = ledger.open(ATTACHMENT);
});

describe("a living attachment", () => {
  beforeEach(() => ledger.hold(record, [ADDRESS]));

  test("with its lease is fine", () => {
    const leases = [leaseOf(ATTACHMENT, ADDRESS)];
    expect(lostLeases(holdingsOf(ledger), leases)).toEqual([]);
    expect(leasesLeftBehind(ledger, leases, "all")).toEqual([]);
  });

  test.for<readonly [string, readonly IPLease[], string]>([
    ["without a lease", [], "nobody has it"],
    ["with a lease of another address", [leaseOf(ATTACHMENT, "10.0.0.6")], "nobody has it"],
    ["whose lease another has", [leaseOf(attachmentOf("b", "n2"), ADDRESS)], "container c-b on n2 has it"],
    ["whose lease says another node", [leaseOf(ATTACHMENT, ADDRESS, { node: "n2" })], "container c-a on n2 has it"],
    [
      "whose lease says another network",
      [leaseOf(ATTACHMENT, ADDRESS, { network: "narrow" })],
      "container c-a on n1 has it",
    ],
  ])("%s has lost it", ([, leases, now]) => {
    expect(lostLeases(holdingsOf(ledger), leases)).toMatchObject([
      { rule: "lost-lease", text: `10.0.0.5 of net1 of pod default/a (container c-a) on n1: ${now}` },
    ]);
  });

  test("with one lease of two has lost the other", () => {
    ledger.hold(record, [ADDRESS, "fd00::5"]);
    const lost = lostLeases(holdingsOf(ledger), [leaseOf(ATTACHMENT, ADDRESS)]);
    expect(lost.map(({ text }) => text)).toEqual([expect.stringContaining("fd00::5 of net1")]);
  });

  test("that has let go since the server was asked proves nothing", () => {
    const holdings = holdingsOf(ledger);
    ledger.letGo(record);
    expect(lostLeases(holdings, [])).toEqual([]);
    ledger.hold(record, [ADDRESS]);
    expect(lostLeases(holdings, [])).toEqual([]);
  });

  test("and a second lease of it that it was not told of: that one is left behind", () => {
    const leases = [leaseOf(ATTACHMENT, ADDRESS), leaseOf(ATTACHMENT, "10.0.0.6")];
    expect(leasesLeftBehind(ledger, leases, "all")).toMatchObject([
      { rule: "left-behind", text: expect.stringContaining("10.0.0.6 of net1 of pod default/a") },
    ]);
  });
});

describe("a lease that nobody holds", () => {
  const leases = [leaseOf(ATTACHMENT, ADDRESS)];

  test("is left behind, whatever its attachment did", () => {
    record.calls.push({ command: "ADD", startedAtMs: 0, endedAtMs: 1, said: "fails with code 11: away" });
    expect(leasesLeftBehind(ledger, leases, "all")).toMatchObject([
      {
        rule: "left-behind",
        text: "10.0.0.5 of net1 of pod default/a (container c-a) on n1: ADD fails with code 11: away",
        containerIds: ["c-a"],
      },
    ]);
  });

  test("of a container that nobody ever called for is left behind, too", () => {
    const strange = [leaseOf(attachmentOf("stranger"), ADDRESS)];
    expect(leasesLeftBehind(ledger, strange, "all")).toMatchObject([
      { text: "10.0.0.5 of container c-stranger on n1: never called for" },
    ]);
  });

  test("must be gone without a reconciliation only after a certain ADD and a certain DEL", () => {
    expect(leasesLeftBehind(ledger, leases, "certain")).toEqual([]);
    record.isReleased = true;
    expect(leasesLeftBehind(ledger, leases, "certain")).toHaveLength(1);
    record.hasFailedAdd = true;
    expect(leasesLeftBehind(ledger, leases, "certain")).toEqual([]);
    expect(leasesLeftBehind(ledger, leases, "all")).toHaveLength(1);
  });
});

import { expect, test } from "vitest";
import { Ledger } from "./ledger.ts";
import { attachmentOf } from "./testing/attachments.ts";

test("an address that is given to a second attachment while the first holds it is a violation that names both", () => {
  const ledger = new Ledger();
  const [a, b] = [ledger.open(attachmentOf("a", "n1")), ledger.open(attachmentOf("b", "n2"))];
  ledger.hold(a, ["10.0.0.5", "fd00::5"]);
  ledger.hold(b, ["10.0.0.6", "fd00::5"]);
  expect(ledger.violations).toEqual([
    {
      rule: "two-holders",
      text:
        "fd00::5 is held by net1 of pod default/a (container c-a) on n1 " +
        "and was given to net1 of pod default/b (container c-b) on n2",
      containerIds: ["c-a", "c-b"],
    },
  ]);
});

test("an address may be given again once its holder's next call was sent", () => {
  const ledger = new Ledger();
  const [a, b] = [ledger.open(attachmentOf("a")), ledger.open(attachmentOf("b"))];
  ledger.hold(a, ["10.0.0.5"]);
  ledger.letGo(a);
  ledger.hold(b, ["10.0.0.5"]);
  expect(ledger.violations).toEqual([]);
  expect(ledger.holders).toEqual([b]);
});

test("an attachment that is given its own address again is no second holder", () => {
  const ledger = new Ledger();
  const record = ledger.open(attachmentOf("a"));
  ledger.hold(record, ["10.0.0.5"]);
  ledger.hold(record, ["10.0.0.5"]);
  expect(ledger.violations).toEqual([]);
});

test("who lets go of an address that another was given too does not let go of it for the other", () => {
  const ledger = new Ledger();
  const [a, b] = [ledger.open(attachmentOf("a")), ledger.open(attachmentOf("b"))];
  ledger.hold(a, ["10.0.0.5"]);
  ledger.hold(b, ["10.0.0.5"]);
  ledger.letGo(a);
  expect(ledger.holders).toEqual([b]);
});

test("an attachment is found by its container and interface, and by no other", () => {
  const ledger = new Ledger();
  const record = ledger.open(attachmentOf("a"));
  expect(ledger.find("c-a", "net1")).toBe(record);
  expect(ledger.find("c-a", "net2")).toBeUndefined();
  expect(ledger.find("c-b", "net1")).toBeUndefined();
});

import { expect, test } from "vitest";
import { Doubts } from "./doubts.ts";

test("a time is free of doubt when none was there at its beginning and none came", () => {
  const doubts = new Doubts();
  const before = doubts.mark();
  expect(doubts.noneSince(before)).toBe(true);
  doubts.raise("disk");
  const during = doubts.mark();
  expect(doubts.noneSince(before)).toBe(false);
  doubts.settle("disk");
  expect(doubts.noneSince(before)).toBe(false);
  expect(doubts.noneSince(during)).toBe(false);
  expect(doubts.noneSince(doubts.mark())).toBe(true);
});

test("one reason that is settled leaves the other", () => {
  const doubts = new Doubts();
  doubts.raise("disk");
  doubts.raise("weather");
  doubts.settle("disk");
  expect(doubts.noneSince(doubts.mark())).toBe(false);
});

import { Chance } from "@cluster-ipam/test-model";
import { expect, test } from "vitest";
import { Doubts } from "./doubts.ts";
import { RequestWeather } from "./request-weather.ts";

const POST = { method: "POST", resource: "ipleases", name: "10.0.0.5" };

function fatesOf(seed: number, weather: "bad" | "good"): readonly string[] {
  const requests = new RequestWeather(new Chance(seed).of("weather"), new Doubts());
  requests.turn("bad");
  requests.turn(weather);
  return Array.from({ length: 400 }, () => requests.fateOf(POST)?.beforeAnswer(POST) ?? "none");
}

test("in bad weather answers are lost, cut and withheld, and most requests pass", () => {
  const fates = fatesOf(1, "bad");
  expect(new Set(fates)).toEqual(new Set(["none", "pass", "lose", "cut", "withhold"]));
  expect(fates.filter((fate) => fate === "none").length).toBeGreaterThan(fates.length / 2);
});

test("in good weather every request passes", () => {
  expect(new Set(fatesOf(1, "good"))).toEqual(new Set(["none"]));
});

test("the same seed brings the same fates, another one others", () => {
  expect(fatesOf(1, "bad")).toEqual(fatesOf(1, "bad"));
  expect(fatesOf(1, "bad")).not.toEqual(fatesOf(2, "bad"));
});

test("bad weather is a reason for doubt until it has ended", () => {
  const doubts = new Doubts();
  const requests = new RequestWeather(new Chance(1).of("weather"), doubts);
  requests.turn("bad");
  expect(doubts.noneSince(doubts.mark())).toBe(false);
  requests.turn("good");
  expect(doubts.noneSince(doubts.mark())).toBe(true);
});

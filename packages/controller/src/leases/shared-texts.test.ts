import { expect, test } from "vitest";
import { SharedTexts } from "./shared-texts.ts";

test("a text is given back as it is, however many others there were", () => {
  const texts = new SharedTexts();
  for (let index = 0; index < 50_000; index += 1) expect(texts.of(`node-${index}`)).toBe(`node-${index}`);
  expect(texts.of("node-0")).toBe("node-0");
  expect(texts.of("")).toBe("");
});

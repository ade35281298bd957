import { describe, expect, it } from "vitest";
import { parseWatchEvent } from "./watch-event.ts";

const OBJECT = { metadata: { name: "a", namespace: "n", uid: "u", resourceVersion: "7" }, spec: { a: 1 } };
const META = { name: "a", namespace: "n", uid: "u", resourceVersion: "7" };

describe("parseWatchEvent", () => {
  it.each([
    ["ADDED", "set"],
    ["MODIFIED", "set"],
    ["DELETED", "deleted"],
  ])("reads %s as %s", (type, kind) => {
    expect(parseWatchEvent(JSON.stringify({ type, object: OBJECT }))).toEqual({ kind, meta: META, object: OBJECT });
  });

  it("reads a bookmark, and the server's error", () => {
    const bookmark = { type: "BOOKMARK", object: { kind: "Thing", metadata: { resourceVersion: "9" } } };
    expect(parseWatchEvent(JSON.stringify(bookmark))).toEqual({ kind: "bookmark", resourceVersion: "9" });
    const error = { type: "ERROR", object: { kind: "Status", code: 410, message: "too old resource version" } };
    expect(parseWatchEvent(JSON.stringify(error))).toEqual({
      kind: "error",
      code: 410,
      message: "too old resource version",
    });
    expect(parseWatchEvent('{"type":"ERROR"}')).toEqual({ kind: "error", code: 0, message: "" });
  });

  it.each([
    "",
    "null",
    "7",
    "<html>",
    '{"type":"ADDED","object":{"metadata":{"na',
    '{"type":"ADDED"}',
    '{"type":"ADDED","object":null}',
    '{"type":"ADDED","object":{"metadata":{"name":"a"}}}',
    '{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}',
    '{"type":"ADDED","object":{"metadata":{"name":1,"resourceVersion":"1"}}}',
    '{"type":"BOOKMARK","object":{"metadata":{}}}',
    '{"type":"RENAMED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}',
  ])("takes %j for garbled", (line) => {
    expect(parseWatchEvent(line)).toMatchObject({ kind: "garbled" });
  });

  it("quotes no more than the beginning of a garbled line", () => {
    const event = parseWatchEvent("x".repeat(10_000));
    expect(event.kind === "garbled" && event.message.length).toBeLessThan(150);
  });
});

import { expect, test } from "vitest";
import { LogLines } from "../testing/log-lines.ts";
import { ignoredKeysNote } from "./ignored-keys.ts";

test("each ignored key of each network is told once", () => {
  const lines = new LogLines();
  const note = ignoredKeysNote(lines.log);
  note("lan", ["dataDir"]);
  note("lan", ["dataDir", "other"]);
  note("wan", ["dataDir"]);
  note("wan", []);
  const told = lines.with("key of the ipam section has no meaning here and is ignored");
  expect(told.map(({ network, key }) => `${String(network)}/${String(key)}`)).toEqual([
    "lan/dataDir",
    "lan/other",
    "wan/dataDir",
  ]);
});

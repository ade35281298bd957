import { NO_INFORMER_METER, type ReadTrouble } from "@cluster-ipam/kube";
import { createLogger } from "@cluster-ipam/telemetry";
import { beforeEach, expect, test } from "vitest";
import { InformerJournal } from "./informer-journal.ts";

const FORBIDDEN: ReadTrouble = { kind: "refused", status: 403, message: "ipblocks is forbidden" };
const AWAY: ReadTrouble = { kind: "unreachable", message: "connect ECONNREFUSED" };

let lines: string[];
let counted: string[];
let journal: InformerJournal;

beforeEach(() => {
  lines = [];
  counted = [];
  const log = createLogger({}, "debug", { write: (line) => void lines.push(told(line)) });
  journal = new InformerJournal("ipblocks", log, {
    ...NO_INFORMER_METER,
    listed: (objects) => void counted.push(`listed ${objects}`),
    readFailed: ({ kind }, pauseMs) => void counted.push(`${kind} ${pauseMs}`),
    watchEnded: ({ kind }) => void counted.push(kind),
    eventSeen: (kind) => void counted.push(kind),
    handlerFailed: ({ message }) => void counted.push(message),
  });
});

/** Level and message of a line, and what varies. */
function told(line: string): string {
  const { level, msg, resource, reason = "", err } = JSON.parse(line) as Record<string, unknown>;
  const cause = (err as { readonly message: string } | undefined)?.message ?? "";
  return [level, resource, msg, reason, cause].filter((part) => part !== "").join(" ");
}

test("a list that cannot be read is told once a reason, and that it is read again", () => {
  for (const trouble of [FORBIDDEN, FORBIDDEN, AWAY, AWAY, FORBIDDEN]) journal.readFailed(trouble, 5);
  journal.listed(3, 1);
  journal.listed(3, 1);
  journal.readFailed(AWAY, 5);
  expect(lines).toEqual([
    "40 ipblocks list cannot be read and will be tried again 403 ipblocks is forbidden",
    "40 ipblocks list cannot be read and will be tried again connect ECONNREFUSED",
    "40 ipblocks list cannot be read and will be tried again 403 ipblocks is forbidden",
    "30 ipblocks list is read again",
    "40 ipblocks list cannot be read and will be tried again connect ECONNREFUSED",
  ]);
});

test.each([
  ["tells of something", (): void => journal.eventSeen("bookmark")],
  ["ends as it should", (): void => journal.watchEnded({ kind: "closed" }, 0)],
])("a watch that is refused is told once a reason, and that it goes on once it %s", (_, goOn) => {
  journal.listed(3, 1);
  journal.watchEnded(FORBIDDEN, 5);
  journal.watchEnded(FORBIDDEN, 5);
  goOn();
  goOn();
  expect(lines).toEqual([
    "40 ipblocks watch was refused and will be tried again 403 ipblocks is forbidden",
    "30 ipblocks watch goes on",
  ]);
});

test("a list that is read again between two watches is told with what the next watch says", () => {
  journal.readFailed(AWAY, 5);
  journal.eventSeen("set");
  expect(lines.slice(1)).toEqual(["30 ipblocks list is read again"]);
});

test.each(["closed", "expired", "rewound", "silent"] as const)("a watch that is %s is nothing to tell", (kind) => {
  journal.watchEnded({ kind }, 0);
  journal.watchEnded({ kind: "broken", message: "reset" }, 0);
  expect(lines).toEqual([]);
});

test("a change that could not be taken in is an error, with its cause", () => {
  journal.handlerFailed(new Error("oops"));
  expect(lines).toEqual(["50 ipblocks change could not be taken in oops"]);
});

test("all of it is counted", () => {
  journal.listed(3, 1);
  journal.readFailed(AWAY, 5);
  journal.watchEnded({ kind: "closed" }, 0);
  journal.eventSeen("deleted");
  journal.handlerFailed(new Error("oops"));
  expect(counted).toEqual(["listed 3", "unreachable 5", "closed", "deleted", "oops"]);
});

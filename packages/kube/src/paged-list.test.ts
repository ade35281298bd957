import { describe, expect, it } from "vitest";
import type { KubeAnswer, KubeRequest } from "./kube-request.ts";
import { listPages } from "./paged-list.ts";
import type { ReadOutcome } from "./persistent-read.ts";

const LIST = {
  path: "/things",
  accept: "application/json;as=Table",
  query: { fieldSelector: "spec.pool=a" },
  timeoutMs: 1_000,
  pageSize: 2,
  pick: ({ items }: Readonly<Record<string, unknown>>) => items as number[],
};
const OPEN = new AbortController().signal;

function page(items: readonly number[], next?: string): KubeAnswer {
  return {
    kind: "answered",
    status: 200,
    body: JSON.stringify({ metadata: next === undefined ? {} : { continue: next }, items }),
  };
}

function status(code: number): KubeAnswer {
  return { kind: "answered", status: code, body: "no" };
}

async function list(
  ...answers: KubeAnswer[]
): Promise<{ outcome: ReadOutcome<number[]>; queries: KubeRequest["query"][]; accepts: unknown[] }> {
  const requests: KubeRequest[] = [];
  const request = async (asked: KubeRequest): Promise<KubeAnswer> => {
    requests.push(asked);
    const answer = answers.shift();
    if (answer === undefined) throw new Error("asked too often");
    return answer;
  };
  const outcome = await listPages({ request }, LIST, OPEN);
  return { outcome, queries: requests.map(({ query }) => query), accepts: requests.map(({ accept }) => accept) };
}

const FIRST = { fieldSelector: "spec.pool=a", limit: "2" };

describe("listPages", () => {
  it("puts the pages together, each asked for with the token of the one before", async () => {
    const { outcome, queries, accepts } = await list(page([1, 2], "t1"), page([], "t2"), page([3]));
    expect(outcome).toEqual({ kind: "value", value: [1, 2, 3] });
    expect(queries).toEqual([FIRST, { ...FIRST, continue: "t1" }, { ...FIRST, continue: "t2" }]);
    expect(new Set(accepts)).toEqual(new Set([LIST.accept]));
  });

  it("takes an empty token for the end", async () => {
    expect((await list(page([1], ""))).outcome).toEqual({ kind: "value", value: [1] });
  });

  it("reads a page that failed again, with the same token", async () => {
    const { outcome, queries } = await list(page([1, 2], "t1"), status(503), page([3]));
    expect(outcome).toEqual({ kind: "value", value: [1, 2, 3] });
    expect(queries).toEqual([FIRST, { ...FIRST, continue: "t1" }, { ...FIRST, continue: "t1" }]);
  });

  it("starts over when the server has forgotten the next page, and keeps nothing of before", async () => {
    const { outcome, queries } = await list(page([1, 2], "t1"), status(410), page([2, 3], "t2"), page([4]));
    expect(outcome).toEqual({ kind: "value", value: [2, 3, 4] });
    expect(queries[2]).toEqual(FIRST);
  });

  it("passes on what the server says no to, on the first page and later", async () => {
    expect((await list(status(410))).outcome).toMatchObject({ kind: "declined", status: 410 });
    expect((await list(page([1], "t1"), status(403))).outcome).toMatchObject({ kind: "declined", status: 403 });
  });

  it("ends with its signal", async () => {
    const controller = new AbortController();
    const request = async (): Promise<KubeAnswer> => {
      controller.abort(new Error("deadline"));
      return page([1], "t1");
    };
    expect(await listPages({ request }, LIST, controller.signal)).toMatchObject({ kind: "unanswered" });
  });
});

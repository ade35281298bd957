/** How often the API server has answered one kind of request. */
export interface RequestTotal {
  /** As the server names it: POST, GET, LIST, PUT, PATCH, DELETE, WATCH, … */
  readonly verb: string;
  /** Plural, such as `ipleases`; "" for what is not a resource. */
  readonly resource: string;
  readonly subresource: string;
  /** HTTP status. */
  readonly code: string;
  readonly count: number;
}

const SERIES = /^apiserver_request_total\{(.*)\} (\S+)$/;

/** Reads `apiserver_request_total` from the text of `/metrics`. */
export function parseRequestTotals(metrics: string): readonly RequestTotal[] {
  return metrics.split("\n").flatMap((line) => {
    const [, labels, count] = SERIES.exec(line) ?? [];
    if (labels === undefined) return [];
    const values = new Map([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]));
    const read = (name: string): string => values.get(name) ?? "";
    const key = {
      verb: read("verb"),
      resource: read("resource"),
      subresource: read("subresource"),
      code: read("code"),
    };
    return [{ ...key, count: Number(count) }];
  });
}

/** Attempts that an API server counts before a request is one: `apiserver_request_total` has none that fails there. */
const ATTEMPTS = /^(?:authentication_attempts|authorization_attempts_total)\{result="(.*?)"\} (\S+)$/gm;
const PASSED: ReadonlySet<string | undefined> = new Set(["success", "allowed"]);

/** Sums up what an API server has refused by authentication, rights or admission, from the text of `/metrics`. */
export function countRefusals(metrics: string): number {
  const attempts = [...metrics.matchAll(ATTEMPTS)].filter(([, result]) => !PASSED.has(result));
  const turnedAway = attempts.reduce((sum, [, , count]) => sum + Number(count), 0);
  return turnedAway + countRequests(parseRequestTotals(metrics), { code: "403" });
}

/**
 * What has been asked between two readings, without what did not change.
 *
 * @example
 * const before = await controlPlane.requestTotals();
 * // … one ADD …
 * const asked = requestsBetween(before, await controlPlane.requestTotals());
 * expect(countRequests(asked, { verb: "POST", resource: "ipleases" })).toBe(1);
 */
export function requestsBetween(
  before: readonly RequestTotal[],
  after: readonly RequestTotal[],
): readonly RequestTotal[] {
  const old = sumUp(before);
  return [...sumUp(after).values()]
    .map((total) => ({ ...total, count: total.count - (old.get(keyOf(total))?.count ?? 0) }))
    .filter(({ count }) => count !== 0);
}

/** The sum of the totals that match every field given. */
export function countRequests(
  totals: readonly RequestTotal[],
  wanted: Partial<Pick<RequestTotal, "verb" | "resource" | "subresource" | "code">>,
): number {
  const matches = totals.filter((total) => {
    const { verb = total.verb, resource = total.resource, subresource = total.subresource, code = total.code } = wanted;
    return keyOf({ verb, resource, subresource, code }) === keyOf(total);
  });
  return matches.reduce((sum, { count }) => sum + count, 0);
}

/** One total for each key: the server also tells requests apart by labels that are left out here. */
function sumUp(totals: readonly RequestTotal[]): ReadonlyMap<string, RequestTotal> {
  const sums = new Map<string, RequestTotal>();
  for (const total of totals) {
    const { count } = sums.get(keyOf(total)) ?? { count: 0 };
    sums.set(keyOf(total), { ...total, count: total.count + count });
  }
  return sums;
}

function keyOf({ verb, resource, subresource, code }: Omit<RequestTotal, "count">): string {
  return [verb, resource, subresource, code].join(" ");
}

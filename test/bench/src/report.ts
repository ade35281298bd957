import type { BySubject } from "./measurements.ts";
import { median, percentile } from "./statistics.ts";
import { type SubjectName, TITLES } from "./subjects.ts";

/** One limit, and what was measured. */
export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly limit: number;
  /** Whether more is better. */
  readonly isFloor?: boolean;
  readonly unit?: string;
}

/** All that one run has measured. */
export interface Measured {
  readonly samples: BySubject<readonly number[]>;
  readonly rates: BySubject<number>;
}

const TITLE_WIDTH = 36;
const WHAT_WIDTH = 56;
const NUMBER_WIDTH = 9;

/** A table of p50 and p99. */
export function formatSamples(samples: BySubject<readonly number[]>, cold: readonly number[]): string {
  const all = [...entries(samples), ["ADD through the socket, agent idle before", cold] as const];
  const head = row("milliseconds", ["p50", "p99", "n"]);
  return [
    head,
    ...all.map(([title, values]) => row(title, [ms(values, 0.5), ms(values, 0.99), String(values.length)])),
  ].join("\n");
}

/** Where the time of one ADD through the plugin goes. */
export function formatParts({ empty, post, socket, instant, plugin }: BySubject<readonly number[]>): string {
  const parts = [
    ["process", median(empty)],
    ["plugin", median(instant) - median(empty)],
    ["agent", median(socket) - median(post)],
    ["POST", median(post)],
    ["in all (measured)", median(plugin)],
  ] as const;
  return parts.map(([title, durationMs]) => row(title, [durationMs.toFixed(2)])).join("\n");
}

/** Calls a second. */
export function formatRates(rates: BySubject<number>): string {
  return entries(rates)
    .map(([title, rate]) => row(title, [rate.toFixed(0)]))
    .join("\n");
}

/** The limits that the measured figures are held against. */
export function targetsOf({ samples, rates }: Measured): readonly Target[] {
  const { empty, post, socket, instant, plugin, hostLocal } = samples;
  const floor = median(empty) + median(post);
  return [
    { what: "ADD through the socket / POST, p50", measured: median(socket) / median(post), limit: 1.4 },
    {
      what: "plugin with an instant agent / an empty process, p50",
      measured: median(instant) / median(empty),
      limit: 2.2,
    },
    { what: "plugin with an instant agent / host-local, p50", measured: median(instant) / median(hostLocal), limit: 1 },
    { what: "ADD through the plugin / (process + POST), p50", measured: median(plugin) / floor, limit: 1.5 },
    { what: "burst through the socket / raw POSTs", measured: rates.socket / rates.post, limit: 0.8, isFloor: true },
    {
      what: "burst through the plugin / host-local",
      measured: rates.plugin / rates.hostLocal,
      limit: 2,
      isFloor: true,
    },
  ];
}

/** Each limit in a line, with what falls short said aloud. */
export function formatTargets(targets: readonly Target[]): string {
  return targets
    .map(({ what, measured, limit, isFloor = false, unit = "×" }) => {
      const isMet = isFloor ? measured >= limit : measured <= limit;
      const bound = `${isFloor ? "≥" : "≤"} ${limit} ${unit}`;
      return `${what.padEnd(WHAT_WIDTH)}${measured.toFixed(2).padStart(NUMBER_WIDTH)} ${bound.padEnd(10)} ${isMet ? "holds" : "FALLS SHORT"}`;
    })
    .join("\n");
}

function entries<T>(values: BySubject<T>): (readonly [string, T])[] {
  return Object.entries(values).map(([name, value]) => [TITLES[name as SubjectName], value]);
}

function ms(samples: readonly number[], share: number): string {
  return percentile(samples, share).toFixed(2);
}

/** A line of a table: what is measured, and its figures. */
export function row(title: string, cells: readonly string[]): string {
  return `  ${title.padEnd(TITLE_WIDTH)}${cells.map((cell) => cell.padStart(NUMBER_WIDTH)).join("")}`;
}

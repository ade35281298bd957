import { row, type Target } from "../report.ts";

/** What was measured of a controller over many leases. */
export interface ControllerFigures {
  readonly leases: number;
  /** From the start of the process until it leads, by a Lease that nobody holds. */
  readonly leadMs: number;
  /** From the start of the process until every status is right. */
  readonly startMs: number;
  /** Processor time until then. */
  readonly startProcessorMs: number;
  /** Its highest resident memory until then. */
  readonly startMegabytes: number;
  /** From the last change of each burst until every status is right. */
  readonly burstMs: readonly number[];
  /** Requests about pools while leases change all the time. */
  readonly writesPerPoolSecond: number;
  readonly churnProcessorPercent: number;
  readonly settledMegabytes: number;
  readonly highestMegabytes: number;
  /** Of leases, once every status was right for the first time. */
  readonly lists: number;
}

const MS_PER_S = 1_000;

/** What is worth knowing and has no limit. */
export function formatController(figures: ControllerFigures): string {
  const { leadMs, startProcessorMs, startMegabytes, settledMegabytes, churnProcessorPercent } = figures;
  const rows = [
    ["until it leads, by a free Lease", `${(leadMs / MS_PER_S).toFixed(1)} s`],
    ["processor time of the start", `${(startProcessorMs / MS_PER_S).toFixed(1)} s`],
    ["highest resident memory of the start", `${startMegabytes.toFixed(0)} MB`],
    ["resident memory in the end", `${settledMegabytes.toFixed(0)} MB`],
    ["processor time under 50 changes a second", `${churnProcessorPercent.toFixed(1)} %`],
  ] as const;
  return [`the controller, ${figures.leases.toLocaleString("en")} leases`]
    .concat(rows.map(([title, cell]) => row(title, [cell])))
    .join("\n");
}

/** The limits that the controller is held to. */
export function controllerTargets(figures: ControllerFigures): readonly Target[] {
  const { startMs, highestMegabytes, burstMs, writesPerPoolSecond, lists } = figures;
  return [
    { what: "controller, from start to all statuses right", measured: startMs / MS_PER_S, limit: 30, unit: "s" },
    { what: "its highest resident memory", measured: highestMegabytes, limit: 350, unit: "MB" },
    {
      what: "1,000 changes of leases in its statuses, slowest burst",
      measured: Math.max(...burstMs) / MS_PER_S,
      limit: 6,
      unit: "s",
    },
    { what: "its requests about pools, a second and pool", measured: writesPerPoolSecond, limit: 0.2, unit: "" },
    { what: "its lists of leases after the start", measured: lists, limit: 0, unit: "" },
  ];
}

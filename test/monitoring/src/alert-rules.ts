import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";

/** The folder of the chart's files that are not templates. */
export const CHART_FILES: string = join(import.meta.dirname, "../../../charts/cluster-ipam/files");

const DurationSchema = z.string().regex(/^(?:\d+(?:ms|[smhdwy]))+$/, "no duration of Prometheus");

const AlertSchema = z.strictObject({
  alert: z.string().regex(/^ClusterIpam[A-Za-z]+$/),
  expr: z.string().min(1),
  for: DurationSchema.optional(),
  labels: z.strictObject({ severity: z.enum(["critical", "warning", "info"]) }),
  annotations: z.strictObject({
    summary: z.string().min(1).max(100),
    description: z.string().min(1),
    runbook: z.string().regex(/^docs\/operations\.md#[a-z-]+$/),
  }),
});

/** Rules as Prometheus reads them, and as house style wants them. */
const RulesSchema = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string().regex(/^cluster-ipam-[a-z]+$/),
        interval: DurationSchema.optional(),
        rules: z.array(AlertSchema).min(1),
      }),
    )
    .min(1),
});

/** One alert. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

/** Every alert of a rule file. @throws ZodError where it is none that Prometheus would take */
export function readAlerts(text: string): readonly Alert[] {
  return RulesSchema.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}

/** Every alert that is shipped. */
export function shippedAlerts(): readonly Alert[] {
  return readAlerts(readFileSync(join(CHART_FILES, "alerts.yaml"), "utf8"));
}

/** Labels that the alert's own sentences speak of. */
export function labelsToldBy({ annotations }: Alert): readonly string[] {
  const text = Object.values(annotations).join(" ");
  return [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { CHART_FILES } from "./alert-rules.ts";

const DatasourceSchema = z.strictObject({ type: z.literal("prometheus"), uid: z.literal("${datasource}") });

const TargetSchema = z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string().default("") });

const GridPosSchema = z.object({ h: z.int(), w: z.int(), x: z.int(), y: z.int() });

const PanelSchema = z.discriminatedUnion("type", [
  z.object({ id: z.int(), type: z.literal("row"), title: z.string(), gridPos: GridPosSchema }),
  z.object({
    id: z.int(),
    type: z.enum(["stat", "table", "timeseries"]),
    title: z.string().min(1),
    description: z.string().min(1),
    datasource: DatasourceSchema,
    gridPos: GridPosSchema,
    targets: z.array(TargetSchema).min(1),
  }),
]);

const VariableSchema = z.object({
  name: z.string(),
  type: z.enum(["datasource", "query"]),
  definition: z.string().default(""),
});

const DashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.int().min(39),
  templating: z.object({ list: z.array(VariableSchema) }),
  panels: z.array(PanelSchema).min(1),
});

/** Variables that Grafana sets by itself, and what they might be. */
const BUILT_IN: Readonly<Record<string, string>> = { __rate_interval: "5m", __interval: "1m", __range: "1h" };

/** A place on the dashboard, which is 24 wide. */
export interface Place {
  readonly h: number;
  readonly w: number;
  readonly x: number;
  readonly y: number;
}

/** A question of a panel. */
export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
}

/** A panel; rows ask for nothing. */
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Place;
  readonly targets: readonly Target[];
}

/** A dashboard as Grafana reads it. */
export interface Dashboard {
  /** What a user may choose, and the values to choose from are asked for. */
  readonly variables: readonly { readonly name: string; readonly definition: string }[];
  readonly panels: readonly Panel[];
}

/** @throws ZodError where the text is no dashboard that Grafana shows, or a panel has no description */
export function readDashboard(text: string): Dashboard {
  const { templating, panels } = DashboardSchema.parse(JSON.parse(text));
  return {
    variables: templating.list,
    panels: panels.map((panel) => (panel.type === "row" ? { ...panel, targets: [] } : panel)),
  };
}

/** The dashboard that is shipped. */
export function shippedDashboard(): Dashboard {
  return readDashboard(readFileSync(join(CHART_FILES, "dashboard.json"), "utf8"));
}

/** The expression as Grafana would send it. @throws Error at a variable that nobody has declared */
export function withoutVariables(expr: string, variables: Dashboard["variables"]): string {
  return expr.replaceAll(/\$\{?(\w+)\}?/g, (whole, name: string) => {
    const builtIn = BUILT_IN[name];
    if (builtIn !== undefined) return builtIn;
    if (variables.every((declared) => declared.name !== name)) throw new Error(`${whole} is declared nowhere`);
    return ".*";
  });
}

/** Labels that the names of a target's series speak of. */
export function labelsNamedBy({ legendFormat }: Target): readonly string[] {
  return [...legendFormat.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = ""]) => label);
}

/** Whether two panels lie over each other. */
export function areOverlapping(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

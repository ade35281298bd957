import { AgentMetrics } from "@cluster-ipam/agent";
import { ControllerMetrics } from "@cluster-ipam/controller";
import {
  addProcessMetrics,
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type MetricOptions,
  type MetricRegistry,
} from "@cluster-ipam/telemetry";

/** A metric as its process registers it. */
export interface Metric {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
}

/** A name that an expression can ask for. */
interface Series {
  readonly kind: "counter" | "gauge";
  readonly labels: ReadonlySet<string>;
}

/** Every {@link Series} by its name. */
export type Catalogue = ReadonlyMap<string, Series>;

/** What Prometheus itself adds to whatever it reads. */
const TARGET_LABELS = ["job", "instance"] as const;

const NOTHING = { begin: () => undefined, add: () => undefined, observe: () => undefined };
const NO_GAUGE = { set: () => undefined, remove: () => undefined, clear: () => undefined };

/** Remembers what is registered, and counts nothing. */
class RecordingRegistry implements MetricRegistry {
  readonly metrics: Metric[] = [];
  readonly contentType = "text/plain";

  text(): Promise<string> {
    return Promise.resolve("");
  }

  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
    this.#record("counter", options);
    return NOTHING;
  }

  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label> {
    this.#record("histogram", options);
    return NOTHING;
  }

  countedElsewhere(options: MetricOptions<never>): void {
    this.#record("counter", options);
  }

  gauge(options: MetricOptions<never>): void {
    this.#record("gauge", options);
  }

  labelledGauge<Label extends string>(options: MetricOptions<Label>): Gauge<Label> {
    this.#record("gauge", options);
    return NO_GAUGE;
  }

  info<Label extends string>(options: MetricOptions<Label>): void {
    this.#record("gauge", options);
  }

  #record(kind: Metric["kind"], { name, labels = [] }: MetricOptions<string>): void {
    this.metrics.push({ name, kind, labels });
  }
}

/** Every metric that agent and controller register, those of both once. */
export function registeredMetrics(): readonly Metric[] {
  const [agent, controller] = [new RecordingRegistry(), new RecordingRegistry()];
  // What it counts with is registered when it is made.
  void new AgentMetrics(agent, "0", () => undefined);
  addProcessMetrics(agent);
  const controllerMetrics = new ControllerMetrics(controller, "0");
  controllerMetrics.watch({ isLeading: false });
  addProcessMetrics(controller);
  const byName = new Map([...agent.metrics, ...controller.metrics].map((metric) => [metric.name, metric]));
  return [...byName.values()];
}

/** What expressions can ask for: the series of these metrics, and Prometheus's own `up`. */
export function catalogueOf(metrics: readonly Metric[]): Catalogue {
  const up: Metric = { name: "up", kind: "gauge", labels: [] };
  return new Map([up, ...metrics].flatMap(seriesOf));
}

function seriesOf({ name, kind, labels }: Metric): readonly (readonly [string, Series])[] {
  const own = new Set([...labels, ...TARGET_LABELS]);
  if (kind !== "histogram") return [[name, { kind, labels: own }]];
  return [
    [`${name}_bucket`, { kind: "counter", labels: new Set([...own, "le"]) }],
    [`${name}_sum`, { kind: "counter", labels: own }],
    [`${name}_count`, { kind: "counter", labels: own }],
  ];
}

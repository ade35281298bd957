import * as prom from "prom-client";
import type {
  Counter,
  Gauge,
  Histogram,
  HistogramOptions,
  Labels,
  MetricOptions,
  MetricRegistry,
} from "./metric-registry.ts";

/** A registry of prom-client's metrics: nothing global, no metric that nobody asked for. */
export class PrometheusRegistry implements MetricRegistry {
  readonly #registry = new prom.Registry();

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
    const counter = new prom.Counter(this.#configure(options));
    return { begin: (labels) => counter.inc(labels, 0), add: (labels) => counter.inc(labels) };
  }

  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label> {
    const histogram = new prom.Histogram({ ...this.#configure(options), buckets: [...options.buckets] });
    return { observe: (labels, value) => histogram.observe(labels, value) };
  }

  countedElsewhere(options: MetricOptions<never>, read: () => number): void {
    const counter: prom.Counter = new prom.Counter({
      ...this.#configure(options),
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  gauge(options: MetricOptions<never>, read: () => number): void {
    const gauge: prom.Gauge = new prom.Gauge({ ...this.#configure(options), collect: () => gauge.set(read()) });
  }

  labelledGauge<Label extends string>(
    options: MetricOptions<Label>,
    update: (gauge: Gauge<Label>) => void = () => undefined,
  ): Gauge<Label> {
    const gauge = new prom.Gauge({ ...this.#configure(options), collect: () => update(shown) });
    const shown: Gauge<Label> = {
      set: (labels, value) => gauge.set(labels, value),
      remove: (labels) => gauge.remove(labels),
      clear: () => gauge.reset(),
    };
    return shown;
  }

  info<Label extends string>(options: MetricOptions<Label>, labels: Labels<Label>): void {
    new prom.Gauge(this.#configure(options)).set(labels, 1);
  }

  #configure<Label extends string>({
    name,
    help,
    labels = [],
  }: MetricOptions<Label>): {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly Label[];
    readonly registers: prom.Registry[];
  } {
    return { name, help, labelNames: labels, registers: [this.#registry] };
  }
}

/** Name, meaning and labels of a metric; names follow https://prometheus.io/docs/practices/naming. */
export interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  /** Whatever they are set to must be few: each combination of values is a series of its own, for good but for a {@link Gauge}'s. */
  readonly labels?: readonly Label[];
}

/** Options of a histogram. */
export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

/** The labels of one series. */
export type Labels<Label extends string> = Readonly<Record<Label, string>>;

/** A sum that only grows. */
export interface Counter<Label extends string> {
  /**
   * The series is there from now on, with 0 where nothing has been counted. Prometheus sees no growth in a series that
   * begins with 1: what is rare and matters must be there before it happens.
   */
  begin(labels: Labels<Label>): void;
  add(labels: Labels<Label>): void;
}

/** Values that go up and down, one for each combination of labels. */
export interface Gauge<Label extends string> {
  set(labels: Labels<Label>, value: number): void;
  /** There is no such series any more, until it is set again. */
  remove(labels: Labels<Label>): void;
  /** There is no series at all any more. */
  clear(): void;
}

/** A distribution of values. */
export interface Histogram<Label extends string> {
  observe(labels: Labels<Label>, value: number): void;
}

/** The metrics of a process. Made by {@link loadMetricRegistry}. */
export interface MetricRegistry {
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label>;
  /** A counter whose value is kept elsewhere and read when somebody asks for it. */
  countedElsewhere(options: MetricOptions<never>, read: () => number): void;
  /** A value that goes up and down, read when somebody asks for it. */
  gauge(options: MetricOptions<never>, read: () => number): void;
  /**
   * A gauge of several series, none of them before it is set.
   *
   * @param update called whenever somebody asks for the values, to bring them up to date before
   */
  labelledGauge<Label extends string>(
    options: MetricOptions<Label>,
    update?: (gauge: Gauge<Label>) => void,
  ): Gauge<Label>;
  /** A gauge that is always 1, for what its labels say. */
  info<Label extends string>(options: MetricOptions<Label>, labels: Labels<Label>): void;
  /** Everything in the text format of Prometheus. */
  text(): Promise<string>;
  /** The media type of {@link text}. */
  readonly contentType: string;
}

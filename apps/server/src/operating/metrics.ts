/** A number that only grows. */
export interface Counter {
  /** `labels` in the order of their names; `amount` 1 where absent. */
  add(labels?: readonly string[], amount?: number): void;
}

/** How values are spread. */
export interface Distribution {
  observe(value: number, labels?: readonly string[]): void;
}

/** What a metric is called and means; names begin with `wherry_` and end with their unit. */
export interface MetricName {
  readonly name: string;
  readonly help: string;
  /** Of few values each: never names, digests or addresses of clients. */
  readonly labels?: readonly string[];
}

/** Where rooms of the service count what they do. Each name is taken once. */
export interface Metrics {
  counter(name: MetricName): Counter;
  /** `buckets` are upper bounds, ascending. */
  distribution(name: MetricName, buckets: readonly number[]): Distribution;
  /** A value that is read when someone asks, with the values of the labels where there are several. */
  gauge(name: MetricName, read: () => GaugeReading | Promise<GaugeReading>): void;
  /** A counter that is kept elsewhere, and read when someone asks. */
  total(name: MetricName, read: () => GaugeReading): void;
}

/** One number, or one for each value of the metric's only label. */
export type GaugeReading = number | ReadonlyMap<string, number>;

const NOTHING = { add: () => {}, observe: () => {} };

/** Counts nothing. */
export const NO_METRICS: Metrics = {
  counter: () => NOTHING,
  distribution: () => NOTHING,
  gauge: () => {},
  total: () => {},
};

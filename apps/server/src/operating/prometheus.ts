import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';
import type { GaugeReading, MetricName, Metrics } from './metrics.ts';

/** Metrics that can be written in Prometheus's text format. */
export interface Prometheus extends Metrics {
  readonly contentType: string;
  /** All metrics as they are now. A gauge that cannot be read is left out. */
  text(): Promise<string>;
}

/** Metrics of one service, with those of its process. */
export function createPrometheus(options: { readonly ofProcess?: boolean } = {}): Prometheus {
  const registry = new Registry();
  if (options.ofProcess ?? true) collectDefaultMetrics({ register: registry });
  const base = ({ name, help, labels = [] }: MetricName) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter: (name) => {
      const counter = new PromCounter(base(name));
      const childOf = remembered((values: readonly string[]) => counter.labels(...values));
      return { add: (labels = [], amount = 1) => childOf(labels).inc(amount) };
    },
    distribution: (name, buckets) => {
      const histogram = new PromHistogram({ ...base(name), buckets: [...buckets] });
      const childOf = remembered((values: readonly string[]) => histogram.labels(...values));
      return { observe: (value, labels = []) => childOf(labels).observe(value) };
    },
    gauge: (name, read) => {
      new PromGauge({
        ...base(name),
        async collect() {
          this.reset();
          await take(name, read, (labels, value) => this.set(labels, value));
        },
      });
    },
    total: (name, read) => {
      new PromCounter({
        ...base(name),
        async collect() {
          this.reset();
          await take(name, read, (labels, value) => this.inc(labels, value));
        },
      });
    },
  };
}

/** Whatever one metric's reading fails with must not hide the others, which tell more of the trouble. */
async function take(
  { labels: [label = ''] = [] }: MetricName,
  read: () => GaugeReading | Promise<GaugeReading>,
  set: (labels: Record<string, string>, value: number) => void,
): Promise<void> {
  try {
    const reading = await read();
    if (typeof reading === 'number') set({}, reading);
    else for (const [value, count] of reading) set({ [label]: value }, count);
  } catch {
    // Left out.
  }
}

/** The child of a combination of labels is looked up in one step: the library hashes them at each call. */
function remembered<T>(make: (values: readonly string[]) => T): (values: readonly string[]) => T {
  const known = new Map<string, T>();
  return (values) => {
    const key = values.join('\0');
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(values);
    known.set(key, made);
    return made;
  };
}

import { collectDefaultMetrics, Counter as PromCounter, Gauge as PromGauge, Registry } from 'prom-client';
import { TextDistribution } from './distribution.ts';
import type { GaugeReading, MetricName, Metrics } from './metrics.ts';
import { Tallies } from './tallies.ts';

/** Metrics that can be written in Prometheus's text format. */
export interface Prometheus extends Metrics {
  readonly contentType: string;
  /** All metrics as they are now. A gauge that cannot be read is left out. */
  text(): Promise<string>;
}

/**
 * Metrics of one service, with those of its process. What is counted with each request is counted here, and the
 * library told of it when someone asks: it checks and hashes the labels at each call.
 */
export function createPrometheus(options: { readonly ofProcess?: boolean } = {}): Prometheus {
  const registry = new Registry();
  if (options.ofProcess ?? true) collectDefaultMetrics({ register: registry });
  const base = ({ name, help, labels = [] }: MetricName) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  const distributions = new Map<string, TextDistribution>();
  return {
    contentType: registry.contentType,
    text: async () =>
      [await registry.metrics(), ...Array.from(distributions.values(), (one) => one.text())].join('\n'),
    counter: (name) => {
      const tallies = new Tallies(() => ({ count: 0 }));
      new PromCounter({
        ...base(name),
        collect() {
          this.reset();
          for (const { labels, value } of tallies.all()) this.labels(...labels).inc(value.count);
        },
      });
      return {
        add: (labels = [], amount = 1) => {
          tallies.of(labels).count += amount;
        },
      };
    },
    distribution: (name, buckets) => {
      if (distributions.has(name.name)) throw new Error(`metric ${name.name} is there already`);
      const made = new TextDistribution(name, buckets);
      distributions.set(name.name, made);
      return made;
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

import type { Distribution, MetricName } from './metrics.ts';
import { Tallies } from './tallies.ts';

interface Spread {
  /** How many values each bucket has that the one before it has not; the last one has no bound. */
  readonly counts: number[];
  sum: number;
}

/** A distribution that can be written in Prometheus's text format, where it is called a histogram. */
export class TextDistribution implements Distribution {
  readonly #metric: MetricName;
  readonly #buckets: readonly number[];
  readonly #spreads: Tallies<Spread>;

  constructor(metric: MetricName, buckets: readonly number[]) {
    this.#metric = metric;
    this.#buckets = buckets;
    this.#spreads = new Tallies(() => ({ counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 }));
    if (metric.labels === undefined) this.#spreads.of([]);
  }

  observe(value: number, labels: readonly string[] = []): void {
    const spread = this.#spreads.of(labels);
    const buckets = this.#buckets;
    let index = 0;
    while (index < buckets.length && value > (buckets[index] ?? 0)) index++;
    spread.counts[index] = (spread.counts[index] ?? 0) + 1;
    spread.sum += value;
  }

  /** Prometheus text format 0.0.4, "Histograms and summaries"; ends with a line end. */
  text(): string {
    const { name, help, labels: names = [] } = this.#metric;
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    for (const { labels, value } of this.#spreads.all()) {
      const own = labels.map((label, index) => `${names[index]}="${escaped(label)}"`);
      let count = 0;
      value.counts.forEach((more, index) => {
        count += more;
        const bound = `le="${this.#buckets[index] ?? '+Inf'}"`;
        lines.push(`${name}_bucket${inBraces([bound, ...own])} ${count}`);
      });
      lines.push(`${name}_sum${inBraces(own)} ${value.sum}`, `${name}_count${inBraces(own)} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

function inBraces(labels: readonly string[]): string {
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

// A Prometheus histogram that is cheap to add to: a series is looked up once, and an observation is then two
// additions. prom-client's own takes the labels apart at each observation, which a gateway's calls would feel.

import type { Metric, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

export type HistogramSeries = { observe(seconds: number): void };

type Options = {
  readonly name: string;
  readonly help: string;
  /** Upper bounds in seconds, from the smallest. */
  readonly buckets: readonly number[];
};

/** Registers the histogram; the function that it answers gives the series of some labels, always the same. */
export function createHistogram(registry: Registry, options: Options): (labels: Labels) => HistogramSeries {
  const { name, help, buckets } = options;
  const all = new Map<string, { labels: Labels; counts: Float64Array; sum: number }>();
  const metric = {
    name,
    help,
    type: 'histogram',
    get: async () => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...all.values()].flatMap(valuesOf),
    }),
    reset: () => all.clear(),
  };
  const valuesOf = ({ labels, counts, sum }: { labels: Labels; counts: Float64Array; sum: number }) => {
    let count = 0;
    const cumulated = [...counts].map((some, index) => {
      count += some;
      const le = index < buckets.length ? (buckets[index] ?? 0) : '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...cumulated,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  };
  registry.registerMetric(metric as unknown as Metric);

  return (labels) => {
    const key = JSON.stringify(labels);
    let series = all.get(key);
    if (series === undefined) {
      series = { labels, counts: new Float64Array(buckets.length + 1), sum: 0 };
      all.set(key, series);
    }
    const { counts } = series;
    const own = series;
    return {
      observe(seconds) {
        let at = 0;
        while (at < buckets.length && seconds > (buckets[at] ?? 0)) at += 1;
        counts[at] = (counts[at] ?? 0) + 1;
        own.sum += seconds;
      },
    };
  };
}

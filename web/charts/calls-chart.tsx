// Calls and failures of a day, with the numbers in words.

import { plural } from '../ui/actions.ts';

const HEIGHT = 88;

export function CallsChart({
  series,
  total,
  errors,
}: {
  series: { calls: readonly number[]; errors: readonly number[] };
  total: number;
  errors: number;
}) {
  const top = Math.max(...series.calls, 1);
  return (
    <div>
      <div className="mb-3 flex items-baseline gap-2">
        <span className="text-2xl font-semibold tracking-tight tabular-nums">{total.toLocaleString('en')}</span>
        <span className="text-sm text-ink-3">
          {total === 1 ? 'call' : 'calls'}
          {total > 0 &&
            (errors === 0
              ? ', none failed'
              : `, ${plural(errors, 'failure')} (${((errors / total) * 100).toFixed(1)} %)`)}
        </span>
      </div>
      <svg
        role="img"
        aria-label={`Calls by hour over the last day: ${total} in all, ${errors} failed, at most ${total === 0 ? 0 : top} in an hour`}
        viewBox={`0 0 ${series.calls.length * 10} ${HEIGHT}`}
        preserveAspectRatio="none"
        className="h-22 w-full"
      >
        {series.calls.map((value, index) => {
          const height = value === 0 ? 1 : Math.max(2, (value / top) * HEIGHT);
          const bad = value === 0 ? 0 : ((series.errors[index] ?? 0) / value) * height;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: an hour has no other name here
            <g key={index}>
              <title>{`${plural(value, 'call')}, ${series.errors[index] ?? 0} failed`}</title>
              <rect x={index * 10 + 1} width={8} y={0} height={HEIGHT} className="fill-transparent" />
              <rect
                x={index * 10 + 1}
                width={8}
                y={HEIGHT - height}
                height={height}
                className={value === 0 ? 'fill-line-strong' : 'fill-accent/90'}
              />
              {bad > 0 && (
                <rect
                  x={index * 10 + 1}
                  width={8}
                  y={HEIGHT - Math.max(bad, 2)}
                  height={Math.max(bad, 2)}
                  className="fill-bad"
                />
              )}
            </g>
          );
        })}
      </svg>
      <div className="mt-1 flex justify-between text-2xs text-ink-3">
        <span>24 hours ago</span>
        <span>now</span>
      </div>
    </div>
  );
}

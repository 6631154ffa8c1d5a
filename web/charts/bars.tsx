// A day at a glance: one bar for each hour, its failed part in red.

import { memo } from 'react';

const WIDTH = 4;
const GAP = 1;
const HEIGHT = 24;

type Series = { calls: readonly number[]; errors: readonly number[] };

export const DayBars = memo(function DayBars({ calls, errors }: Series) {
  const top = Math.max(...calls, 1);
  const total = calls.reduce((sum, value) => sum + value, 0);
  const failed = errors.reduce((sum, value) => sum + value, 0);
  const label =
    total === 0
      ? 'No calls in the last day'
      : `${total.toLocaleString('en')} calls in the last day, ${failed.toLocaleString('en')} failed`;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${calls.length * (WIDTH + GAP) - GAP} ${HEIGHT}`}
      className="h-6 w-[119px] shrink-0"
      preserveAspectRatio="none"
    >
      <title>{label}</title>
      {calls.map((value, index) => {
        const x = index * (WIDTH + GAP);
        const height = value === 0 ? 1 : Math.max(2, (value / top) * HEIGHT);
        const bad = value === 0 ? 0 : ((errors[index] ?? 0) / value) * height;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: an hour has no other name here
          <g key={index}>
            <rect
              x={x}
              y={HEIGHT - height}
              width={WIDTH}
              height={height}
              className={value === 0 ? 'fill-line-strong' : 'fill-accent/70'}
            />
            {bad > 0 && (
              <rect x={x} y={HEIGHT - height} width={WIDTH} height={Math.max(bad, 1.5)} className="fill-bad" />
            )}
          </g>
        );
      })}
    </svg>
  );
});

// A day at a glance: one bar for each hour, its failed part in red.

import { memo } from 'react';

const STEP = 5;
const WIDTH = 4;
const HEIGHT = 24;

type Series = { calls: readonly number[]; errors: readonly number[] };

const bar = (index: number, height: number, from = HEIGHT): string =>
  `M${index * STEP} ${(from - height).toFixed(1)}h${WIDTH}v${height.toFixed(1)}h-${WIDTH}z`;

/** Three paths and not a bar each: a list shows hundreds of these. */
function paths({ calls, errors }: Series) {
  const top = Math.max(...calls, 1);
  let quiet = '';
  let busy = '';
  let bad = '';
  calls.forEach((value, index) => {
    if (value === 0) {
      quiet += bar(index, 1);
      return;
    }
    const height = Math.max(2, (value / top) * HEIGHT);
    const failed = errors[index] ?? 0;
    busy += bar(index, height);
    if (failed > 0) bad += bar(index, Math.max((failed / value) * height, 1.5));
  });
  return { quiet, busy, bad };
}

export const DayBars = memo(function DayBars({ calls, errors }: Series) {
  const { quiet, busy, bad } = paths({ calls, errors });
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
      viewBox={`0 0 ${calls.length * STEP - (STEP - WIDTH)} ${HEIGHT}`}
      className="h-6 w-[119px] shrink-0"
      preserveAspectRatio="none"
    >
      <title>{label}</title>
      <path d={quiet} className="fill-line-strong" />
      <path d={busy} className="fill-accent/90" />
      <path d={bad} className="fill-bad" />
    </svg>
  );
});

// Calls with their failures, and how long they took, over time.

import { Plot, type Scale } from '../../charts/plot.tsx';
import { type Bucket, milliseconds } from '../../model/buckets.ts';
import { plural } from '../../ui/actions.ts';

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function CallsOverTime({ buckets }: { buckets: readonly Bucket[] }) {
  const total = buckets.reduce((sum, { calls }) => sum + calls, 0);
  const failed = buckets.reduce((sum, { errors }) => sum + errors, 0);
  return (
    <Plot
      label={`Calls over time: ${plural(total, 'call')}, ${failed} failed`}
      buckets={buckets}
      max={Math.max(...buckets.map(({ calls }) => calls), 0)}
      format={(value) => compact.format(value)}
      reading={({ calls, errors }) => `${plural(calls, 'call')}, ${errors} failed`}
    >
      {({ x, y, band, base }) =>
        buckets.map(({ start, calls, errors }, index) => {
          const width = Math.max(band - Math.min(3, band * 0.25), 1);
          const height = calls === 0 ? 0 : Math.max(base - y(calls), 1.5);
          const bad = errors === 0 ? 0 : Math.max(base - y(errors), 1.5);
          return (
            <g key={start}>
              <rect x={x(index)} y={base - height} width={width} height={height} rx={1.5} className="fill-accent/90" />
              <rect x={x(index)} y={base - bad} width={width} height={bad} rx={1.5} className="fill-bad" />
            </g>
          );
        })
      }
    </Plot>
  );
}

export function LatencyOverTime({ buckets }: { buckets: readonly Bucket[] }) {
  return (
    <Plot
      label="Time that servers took over time: the median and the 95th percentile"
      buckets={buckets}
      max={Math.max(...buckets.map(({ p95 }) => p95 ?? 0), 0)}
      format={milliseconds}
      reading={({ p50, p95 }) =>
        p50 === null || p95 === null ? 'nothing measured' : `median ${milliseconds(p50)}, p95 ${milliseconds(p95)}`
      }
    >
      {(scale) => (
        <>
          <Line buckets={buckets} scale={scale} of="p95" className="stroke-accent-second" />
          <Line buckets={buckets} scale={scale} of="p50" className="stroke-accent" />
        </>
      )}
    </Plot>
  );
}

function Line({
  buckets,
  scale,
  of,
  className,
}: {
  buckets: readonly Bucket[];
  scale: Scale;
  of: 'p50' | 'p95';
  className: string;
}) {
  const { x, y, band } = scale;
  let path = '';
  let open = false;
  const dots: [number, number][] = [];
  buckets.forEach((bucket, index) => {
    const value = bucket[of];
    if (value === null) {
      open = false;
      return;
    }
    const [px, py] = [x(index) + band / 2, y(value)];
    path += `${open ? 'L' : 'M'}${px.toFixed(1)} ${py.toFixed(1)}`;
    if (!open && (buckets[index + 1]?.[of] ?? null) === null) dots.push([px, py]);
    open = true;
  });
  return (
    <g className={className}>
      <path d={path} fill="none" strokeWidth={1.75} strokeLinejoin="round" />
      {dots.map(([cx, cy]) => (
        <circle key={cx} cx={cx} cy={cy} r={2} className="fill-accent" />
      ))}
    </g>
  );
}

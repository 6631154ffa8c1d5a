// The ground of a chart over time: axes, grid, and the reading under the pointer or the arrow keys.

import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { type Bucket, niceTop } from '../model/buckets.ts';

const HEIGHT = 176;
const LEFT = 54;
const TOP = 8;
const BOTTOM = 22;
const TICKS = 4;

export type Scale = { x: (index: number) => number; y: (value: number) => number; band: number; base: number };

const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const whole = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

export function Plot({
  label,
  buckets,
  max,
  format,
  reading,
  children,
}: {
  label: string;
  buckets: readonly Bucket[];
  max: number;
  format: (value: number) => string;
  reading: (bucket: Bucket) => ReactNode;
  children: (scale: Scale) => ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(entry.contentRect.width, 200)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const top = niceTop(max);
  const base = HEIGHT - BOTTOM;
  const band = (width - LEFT) / buckets.length;
  const scale: Scale = {
    x: (index) => LEFT + index * band,
    y: (value) => base - (value / top) * (base - TOP),
    band,
    base,
  };
  const shown = at === null ? null : buckets[at];
  const every = Math.ceil(buckets.length / Math.max(2, Math.floor((width - LEFT) / 90)));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    setAt((old) => Math.min(Math.max((old ?? (step > 0 ? -1 : buckets.length)) + step, 0), buckets.length - 1));
  };
  return (
    <div ref={box}>
      <p className="mb-1 h-5 truncate text-xs text-ink-3 tabular-nums" aria-live="polite">
        {shown ? (
          <>
            <span className="text-ink-2">{whole.format(shown.start)}</span>
            {' · '}
            {reading(shown)}
          </>
        ) : (
          <span className="sr-only">Arrow keys read the chart.</span>
        )}
      </p>
      <svg
        role="img"
        aria-label={label}
        tabIndex={0}
        width={width}
        height={HEIGHT}
        className="block max-w-full rounded-sm"
        onPointerMove={(event) => {
          const x = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
          setAt(x < 0 ? null : Math.min(Math.floor(x / band), buckets.length - 1));
        }}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onKeyDown={onKeyDown}
      >
        {Array.from({ length: TICKS + 1 }, (_, index) => {
          const value = (top / TICKS) * index;
          return (
            <g key={value}>
              <line x1={LEFT} x2={width} y1={scale.y(value)} y2={scale.y(value)} className="stroke-line" />
              <text x={LEFT - 8} y={scale.y(value) + 3.5} textAnchor="end" className="fill-ink-3 text-2xs tabular-nums">
                {format(value)}
              </text>
            </g>
          );
        })}
        {at !== null && <rect x={scale.x(at)} y={TOP} width={band} height={base - TOP} className="fill-ink/6" />}
        {children(scale)}
        {buckets.map(
          ({ start, hours }, index) =>
            index % every === 0 &&
            scale.x(index) < width - 36 && (
              <text key={start} x={scale.x(index)} y={HEIGHT - 5} className="fill-ink-3 text-2xs tabular-nums">
                {hours === 1 ? clock.format(start) : day.format(start)}
              </text>
            ),
        )}
      </svg>
    </div>
  );
}

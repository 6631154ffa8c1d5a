// Times in words, with the exact time on hover.

import { useSyncExternalStore } from 'react';

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
/** From here on a unit counts as full: an hour, not 60 minutes. */
const NEARLY = 0.98;
const REDRAW_MS = 30_000;

function inWords(at: string | number, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size * NEARLY) return words.format(Math.round(seconds / size), unit);
  }
  return seconds <= 0 ? 'just now' : 'in a moment';
}

/** One clock for all times of the page. */
let tick = 0;
const clocks = new Set<() => void>();
const ticks = () => tick;
setInterval(() => {
  tick += 1;
  for (const redraw of clocks) redraw();
}, REDRAW_MS);

function everyTick(redraw: () => void): () => void {
  clocks.add(redraw);
  return () => clocks.delete(redraw);
}

/** `2 hours ago`; hovering tells the second. */
export function Ago({ at, never = 'never' }: { at: string | null; never?: string }) {
  useSyncExternalStore(everyTick, ticks);
  if (at === null) return <span>{never}</span>;
  return (
    <time dateTime={at} title={exact.format(new Date(at))}>
      {inWords(at)}
    </time>
  );
}

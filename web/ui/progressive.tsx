// Long lists: the first rows at once, more when the reader comes near the end, so that a list of thousands
// answers each key press as fast as one of fifty.

import { useCallback, useEffect, useState } from 'react';

const FIRST = 40;
const STEP = 80;
const AHEAD = '900px';

export function useProgressive<T>(items: readonly T[]): {
  shown: readonly T[];
  end: (element: HTMLElement | null) => void;
  rest: number;
} {
  const [count, setCount] = useState(FIRST);
  const [element, setElement] = useState<HTMLElement | null>(null);
  const end = useCallback((next: HTMLElement | null) => setElement(next), []);
  const rest = Math.max(items.length - count, 0);
  useEffect(() => {
    if (element === null || rest === 0) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setCount((now) => now + STEP),
      { rootMargin: AHEAD },
    );
    observer.observe(element);
    return () => observer.disconnect();
    // Each longer list is looked at anew: its end may be near still.
  }, [element, rest]);
  return { shown: items.slice(0, count), end, rest };
}

/** Stands after the shown rows; `list` holds the progressive list's answer. */
export function MoreRows({ end, rest }: { end: (element: HTMLElement | null) => void; rest: number }) {
  if (rest === 0) return null;
  return (
    <div ref={end} className="px-4 py-3 text-center text-xs text-ink-3">
      {rest.toLocaleString('en')} more…
    </div>
  );
}

// A diff of two texts by lines: the longest common run of lines stays, the rest went or came.

export type DiffLine = { readonly kind: 'same' | 'gone' | 'new'; readonly text: string };

/** Unchanged lines beside a change that stay in view. */
const CONTEXT = 3;
/** A shorter stretch is not worth a fold. */
const FOLD_FROM = 4;

export type DiffPart = { readonly lines: readonly DiffLine[]; readonly folded: boolean };

/** The lines in runs: changes with what stands beside them, and the long unchanged stretches between. */
export function diffParts(lines: readonly DiffLine[]): DiffPart[] {
  const near = lines.map((_line, index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ kind }) => kind !== 'same'),
  );
  const parts: { lines: DiffLine[]; folded: boolean }[] = [];
  lines.forEach((line, index) => {
    const folded = near[index] === false;
    const last = parts.at(-1);
    if (last?.folded === folded) last.lines.push(line);
    else parts.push({ lines: [line], folded });
  });
  return parts.map(({ lines: run, folded }) => ({ lines: run, folded: folded && run.length >= FOLD_FROM }));
}

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [gone, come] = [a[i], b[j]];
    if (gone !== undefined && gone === come) {
      lines.push({ kind: 'same', text: gone });
      i += 1;
      j += 1;
    } else if (come !== undefined && (gone === undefined || at(i, j + 1) > at(i + 1, j))) {
      lines.push({ kind: 'new', text: come });
      j += 1;
    } else {
      lines.push({ kind: 'gone', text: gone ?? '' });
      i += 1;
    }
  }
  return lines;
}

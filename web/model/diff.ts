// A diff of two texts by lines: the longest common run of lines stays, the rest went or came.

export type DiffLine = { readonly kind: 'same' | 'gone' | 'new'; readonly text: string };

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

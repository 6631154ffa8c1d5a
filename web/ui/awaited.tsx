// In the place of an answer that is not here yet: the rows that are coming, or why none came.

import { ErrorNote, RowSkeletons } from './parts.tsx';

export function Awaited({
  query: { error, refetch },
  rows,
  height,
  inCard = false,
}: {
  query: { error: Error | null; refetch: () => unknown };
  rows: number;
  height?: string;
  /** Whether the card that it stands in is there already. */
  inCard?: boolean;
}) {
  if (error !== null) {
    const note = <ErrorNote error={error} retry={() => void refetch()} />;
    return inCard ? <div className="p-4">{note}</div> : note;
  }
  const skeletons = <RowSkeletons count={rows} height={height} />;
  return inCard ? skeletons : <div className="card overflow-hidden">{skeletons}</div>;
}

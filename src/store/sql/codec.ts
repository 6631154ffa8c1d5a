// Turns a record into a row and back. Both databases hold the same three kinds of column, so that one
// codec serves both: text, whole numbers (flags are 0 and 1), and JSON as text. Not jsonb: it refuses
// the escape of U+0000 and reorders keys, and what a remote server sent is kept as it came.

type Scalar = string | number | null;

/** A record as its table holds it. */
export type Row<R> = {
  -readonly [K in keyof R]: R[K] extends Scalar
    ? R[K]
    : R[K] extends boolean
      ? number
      : null extends R[K]
        ? string | null
        : string;
};

/** The fields that a column cannot hold as they are: none may be forgotten, none named in vain. */
type Kinds<R> = {
  readonly [K in keyof R as R[K] extends Scalar ? never : K]: R[K] extends boolean ? 'flag' : 'json';
};

type Codec<R> = {
  toRow(record: R): Row<R>;
  /** The columns of the fields that the patch names; a field that is undefined counts as absent. */
  toColumns(patch: Partial<R>): Partial<Row<R>>;
  /** Takes the row over: it is changed in place. */
  toRecord(row: Row<R>): R;
};

export function codecFor<R extends object>(kinds: Kinds<R>): Codec<R> {
  const special = Object.entries(kinds);
  const toColumns = (patch: Partial<R>): Partial<Row<R>> => {
    const columns: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(patch)) if (value !== undefined) columns[field] = value;
    for (const [field, kind] of special) {
      const value = columns[field];
      if (value === undefined || value === null) continue;
      columns[field] = kind === 'json' ? JSON.stringify(value) : value === true ? 1 : 0;
    }
    return columns as Partial<Row<R>>;
  };
  return {
    toRow: (record) => toColumns(record) as Row<R>,
    toColumns,
    toRecord(row) {
      const record = row as Record<string, unknown>;
      for (const [field, kind] of special) {
        const value = record[field];
        if (kind === 'flag') record[field] = value === 1;
        else if (typeof value === 'string') record[field] = JSON.parse(value);
      }
      return record as R;
    },
  };
}

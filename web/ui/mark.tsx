// The tile beside a name: its first letter, so that a row is found again by its shape.

export function Mark({ name, large = false }: { name: string; large?: boolean }) {
  return (
    <span
      aria-hidden="true"
      className={`grid shrink-0 place-items-center rounded-lg border border-line bg-sunken font-semibold text-ink-2 ${large ? 'size-11 text-lg' : 'size-8 text-sm'}`}
    >
      {(name.trim().charAt(0) || '?').toUpperCase()}
    </span>
  );
}

// The mark: keys on a ring.

export function Logo() {
  return (
    <svg viewBox="0 0 32 32" className="size-6 shrink-0" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round">
        <circle cx="16" cy="9.5" r="4" />
        <path d="M16 13.5v12M16 21h4.2M16 25.5h3" />
        <path d="m12.6 12-4 8.6" opacity=".65" />
      </g>
    </svg>
  );
}

// The small parts of every page: badges, empty and error states, skeletons, sections, notes.

import { AlertTriangle, CheckCircle2, Info, LoaderCircle, XCircle } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { problemOf } from '../api/client.ts';
import type { Tone } from '../model/connector-state.ts';

const DOT: Record<Tone, string> = {
  ok: 'bg-ok',
  warn: 'bg-warn',
  bad: 'bg-bad',
  idle: 'border-[1.5px] border-control',
  accent: 'bg-accent',
};

/** A state in words with a mark beside it; the words alone are enough. */
export function StateBadge({ tone, children }: { tone: Tone; children: ReactNode }) {
  const text = tone === 'bad' ? 'text-bad' : tone === 'warn' ? 'text-warn' : 'text-ink-2';
  return (
    <span className={`inline-flex items-center gap-2 text-sm whitespace-nowrap ${text}`}>
      <span aria-hidden="true" className={`size-2 shrink-0 rounded-full ${DOT[tone]}`} />
      {children}
    </span>
  );
}

const TAG: Record<Tone, string> = {
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  idle: 'bg-selected text-ink-2',
  accent: 'bg-accent-soft text-accent-text',
};

export function Tag({ tone = 'idle', children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span
      title={title}
      className={`inline-flex items-center gap-1 rounded-sm px-1.5 text-2xs leading-[1.125rem] font-medium whitespace-nowrap ${TAG[tone]}`}
    >
      {children}
    </span>
  );
}

const NOTE = {
  info: { box: 'border-line bg-sunken', icon: <Info className="text-ink-3" /> },
  ok: { box: 'border-ok/25 bg-ok-soft', icon: <CheckCircle2 className="text-ok" /> },
  warn: { box: 'border-warn/25 bg-warn-soft', icon: <AlertTriangle className="text-warn" /> },
  bad: { box: 'border-bad/25 bg-bad-soft', icon: <XCircle className="text-bad" /> },
} as const;

export function Note({
  kind = 'info',
  title,
  children,
  action,
  live = false,
}: {
  kind?: keyof typeof NOTE;
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  live?: boolean;
}) {
  const { box, icon } = NOTE[kind];
  return (
    <div
      role={live ? (kind === 'bad' ? 'alert' : 'status') : undefined}
      className={`flex flex-wrap items-start gap-x-3 gap-y-2 rounded-lg border px-3.5 py-3 text-sm ${box}`}
    >
      <span className="mt-0.5 [&_svg]:size-4" aria-hidden="true">
        {icon}
      </span>
      <div className="min-w-0 flex-[1_1_14rem] text-ink-2 [overflow-wrap:anywhere]">
        {title && <p className="font-medium text-ink">{title}</p>}
        {children}
      </div>
      {action && <div className="max-sm:ml-7">{action}</div>}
    </div>
  );
}

/** What went wrong and what to do, in the hub's own words. */
export function ErrorNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = problemOf(error);
  return (
    <Note
      kind="bad"
      live
      title={problem.title}
      action={
        retry && (
          <button type="button" className="btn btn-default btn-sm" onClick={retry}>
            Try again
          </button>
        )
      }
    >
      <p>{problem.message}</p>
      {problem.upstream && <p className="mt-1 font-mono text-xs">The server said: {problem.upstream}</p>}
    </Note>
  );
}

export function Empty({
  icon,
  title,
  children,
  action,
  level = 2,
}: {
  icon: ReactNode;
  title: string;
  children: ReactNode;
  action?: ReactNode;
  level?: 1 | 2;
}) {
  const Heading = `h${level}` as const;
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      <span
        aria-hidden="true"
        className="mb-4 grid size-11 place-items-center rounded-xl border border-line bg-surface text-ink-3 shadow-card [&_svg]:size-5"
      >
        {icon}
      </span>
      <Heading className="text-lg">{title}</Heading>
      <p className="mt-1 max-w-md text-sm text-balance text-ink-3">{children}</p>
      {action && <div className="mt-5 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

export function Skeleton({ className = '' }: { className?: string }) {
  return <div aria-hidden="true" className={`skeleton ${className}`} />;
}

/** Rows in the place of those that are coming. */
export function RowSkeletons({ count = 5, height = 'h-16' }: { count?: number; height?: string }) {
  return (
    <div role="status" aria-label="Loading" className="divide-y divide-line">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={index} className={`flex items-center gap-4 px-4 ${height}`}>
          <Skeleton className="size-8 rounded-lg" />
          <div className="flex-1 space-y-2">
            <Skeleton className="h-3 w-40 max-w-full" />
            <Skeleton className="h-2.5 w-64 max-w-full" />
          </div>
          <Skeleton className="hidden h-3 w-24 sm:block" />
        </div>
      ))}
    </div>
  );
}

export function Spinner() {
  return <LoaderCircle aria-hidden="true" className="size-4 animate-spin" />;
}

type ButtonProps = ComponentProps<'button'> & {
  kind?: 'primary' | 'default' | 'ghost' | 'danger' | 'danger-quiet';
  small?: boolean;
  busy?: boolean;
};

export function Button({
  kind = 'default',
  small = false,
  busy = false,
  className = '',
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      // Busy, it keeps the focus and does nothing; a disabled button would lose it.
      onClick={busy ? (event) => event.preventDefault() : onClick}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      className={`btn btn-${kind} ${small ? 'btn-sm' : ''} ${className}`}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

export function Section({
  title,
  hint,
  action,
  children,
  id,
}: {
  title: string;
  hint?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
  id?: string;
}) {
  return (
    <section className="min-w-0 scroll-mt-20" aria-labelledby={id}>
      <div className="mb-3 flex min-h-7 flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h2 id={id} className="text-base">
            {title}
          </h2>
          {hint && <p className="text-sm text-ink-3">{hint}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}

/** Facts as a list of terms; a fact that is not known is left out. */
export function Facts({ items }: { items: readonly (readonly [string, ReactNode] | null)[] }) {
  return (
    <dl className="divide-y divide-line text-sm">
      {items.map(
        (item) =>
          item !== null && (
            <div key={item[0]} className="grid gap-x-4 px-4 py-2.5 sm:grid-cols-[11rem_minmax(0,1fr)]">
              <dt className="text-ink-3">{item[0]}</dt>
              <dd className="min-w-0 [overflow-wrap:anywhere]">{item[1]}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

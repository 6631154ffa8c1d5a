// A page's measure and its head: title, a word on it, actions.

import { Link, type LinkProps } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';

export function PageBody({ children, narrow = false }: { children: ReactNode; narrow?: boolean }) {
  return (
    <main id="main" tabIndex={-1} className="mx-auto w-full max-w-6xl px-4 pt-5 pb-24 outline-none sm:px-8 sm:pt-8">
      {narrow ? <div className="max-w-3xl">{children}</div> : children}
    </main>
  );
}

export function PageHead({
  title,
  up,
  children,
  actions,
  mark,
}: {
  title: string;
  up?: { to: LinkProps['to']; label: string };
  children?: ReactNode;
  actions?: ReactNode;
  mark?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Chatelaine`;
  }, [title]);
  return (
    <header className="mb-6">
      {up && (
        <nav aria-label="Breadcrumb" className="mb-3">
          <Link to={up.to} className="inline-flex items-center gap-1 rounded-sm text-sm text-ink-3 hover:text-ink">
            {up.label}
            <ChevronRight aria-hidden="true" className="size-3.5" />
          </Link>
        </nav>
      )}
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="flex min-w-0 flex-[1_1_16rem] items-center gap-3.5">
          {mark}
          <div className="min-w-0">
            <h1 className="text-xl [overflow-wrap:anywhere]">{title}</h1>
            {children && <div className="mt-0.5 text-sm text-ink-3 [overflow-wrap:anywhere]">{children}</div>}
          </div>
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
    </header>
  );
}

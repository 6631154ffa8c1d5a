// The frame of the pages before sign-in: the mark, a title, one form.

import { type ReactNode, useEffect } from 'react';
import { Logo } from '../../shell/logo.tsx';

export function Door({ title, children, hint }: { title: string; children: ReactNode; hint?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Chatelaine`;
  }, [title]);
  return (
    <main id="main" tabIndex={-1} className="grid min-h-dvh place-items-center px-4 py-10 outline-none">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex flex-col items-center text-center">
          <span className="mb-4 [&_svg]:size-10">
            <Logo />
          </span>
          <h1 className="text-xl">{title}</h1>
          {hint && <p className="mt-1 text-sm text-balance text-ink-3">{hint}</p>}
        </div>
        <div className="card p-5">{children}</div>
      </div>
    </main>
  );
}

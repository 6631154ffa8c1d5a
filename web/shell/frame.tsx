// The frame around every signed-in page: navigation at the side (a drawer where it is narrow), the palette,
// messages, and the live stream.

import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useRouter } from '@tanstack/react-router';
import { Menu, Search } from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useLive } from '../api/live.ts';
import { RoleContext, sessionQuery } from '../api/session.ts';
import { Toasts } from '../ui/toast.tsx';
import { Logo } from './logo.tsx';
import { Nav } from './nav.tsx';

const Palette = lazy(() => import('./palette.tsx'));

export function Frame() {
  const [palette, setPalette] = useState(false);
  const drawer = useRef<HTMLDialogElement>(null);
  useLive();
  const me = useQuery(sessionQuery).data;
  const router = useRouter();
  useEffect(() => {
    if (me === null) void router.invalidate();
  }, [me, router]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setPalette((open) => !open);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  return (
    <RoleContext value={me?.role ?? 'viewer'}>
      <div className="lg:grid lg:grid-cols-[15rem_minmax(0,1fr)]">
        <a
          href="#main"
          className="btn btn-primary sr-only focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50"
        >
          Skip to content
        </a>
        <aside className="sticky top-0 hidden h-dvh border-r border-line lg:block">
          <Nav openPalette={() => setPalette(true)} />
        </aside>
        <div className="sticky top-0 z-30 flex h-13 items-center gap-2 border-b border-line bg-canvas/90 px-3 backdrop-blur lg:hidden">
          <button
            type="button"
            className="btn btn-ghost btn-icon"
            aria-label="Open navigation"
            onClick={() => drawer.current?.showModal()}
          >
            <Menu />
          </button>
          <dialog
            ref={drawer}
            aria-label="Navigation"
            className="m-0 h-dvh max-h-none w-64 bg-canvas text-ink shadow-pop backdrop:bg-scrim"
            onPointerDown={(event) =>
              event.target === event.currentTarget && closeOutside(event.currentTarget, event.clientX)
            }
          >
            <Nav openPalette={() => setPalette(true)} onNavigate={() => drawer.current?.close()} />
          </dialog>
          <Link to="/connectors" className="flex flex-1 items-center gap-2 font-semibold tracking-tight">
            <Logo />
            Chatelaine
          </Link>
          <button type="button" className="btn btn-ghost btn-icon" aria-label="Search" onClick={() => setPalette(true)}>
            <Search />
          </button>
        </div>
        <div className="min-w-0">
          <Outlet />
        </div>
        {palette && (
          <Suspense>
            <Palette close={() => setPalette(false)} />
          </Suspense>
        )}
        <Toasts />
      </div>
    </RoleContext>
  );
}

/** A press beside the drawer closes it: its backdrop belongs to it, so only the place tells. */
function closeOutside(drawer: HTMLDialogElement, x: number): void {
  if (x > drawer.getBoundingClientRect().right) drawer.close();
}

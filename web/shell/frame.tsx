// The frame around every signed-in page: navigation at the side (a drawer where it is narrow), the palette,
// messages, and the live stream.

import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useRouter } from '@tanstack/react-router';
import { Menu, Search } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useLive } from '../api/live.ts';
import { sessionQuery } from '../api/session.ts';
import { Toasts } from '../ui/toast.tsx';
import { Logo } from './logo.tsx';
import { Nav } from './nav.tsx';

const Palette = lazy(() => import('./palette.tsx'));

export function Frame() {
  const [palette, setPalette] = useState(false);
  const [drawer, setDrawer] = useState(false);
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
        <Dialog.Root open={drawer} onOpenChange={setDrawer}>
          <Dialog.Trigger className="btn btn-ghost btn-icon" aria-label="Open navigation">
            <Menu />
          </Dialog.Trigger>
          <Dialog.Portal>
            <Dialog.Backdrop className="fixed inset-0 z-40 bg-scrim" />
            <Dialog.Popup className="fixed inset-y-0 left-0 z-40 w-64 bg-canvas shadow-pop outline-none">
              <Dialog.Title className="sr-only">Navigation</Dialog.Title>
              <Nav openPalette={() => setPalette(true)} onNavigate={() => setDrawer(false)} />
            </Dialog.Popup>
          </Dialog.Portal>
        </Dialog.Root>
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
  );
}

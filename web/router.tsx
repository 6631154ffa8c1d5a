// Every address of the page; each page's code comes when it is first visited.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { Frame } from './shell/frame.tsx';
import { NotFound, PageError, PagePending } from './shell/states.tsx';

const root = createRootRoute({ notFoundComponent: NotFound });

const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: Frame, notFoundComponent: NotFound });

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What a finished sign-in at a provider leaves in the address. */
const outcome = (search: Record<string, unknown>) => ({
  error: text(search.error),
  flow: text(search.flow),
  connected: text(search.connected),
});

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/connectors', replace: true });
  },
});

const connectors = createRoute({
  getParentRoute: () => frame,
  path: '/connectors',
  validateSearch: (search: Record<string, unknown>): { q?: string; show?: string } => ({
    q: text(search.q),
    show: text(search.show),
  }),
  component: lazyRouteComponent(() => import('./pages/connectors/list.tsx'), 'ConnectorsPage'),
});

const newConnector = createRoute({
  getParentRoute: () => frame,
  path: '/connectors/new',
  component: lazyRouteComponent(() => import('./pages/add-connector/page.tsx'), 'AddConnectorPage'),
});

const connector = createRoute({
  getParentRoute: () => frame,
  path: '/connectors/$id',
  validateSearch: (
    search: Record<string, unknown>,
  ): { tab?: string; error?: string; flow?: string; connected?: string } => ({
    tab: text(search.tab),
    ...outcome(search),
  }),
  component: lazyRouteComponent(() => import('./pages/connector/page.tsx'), 'ConnectorPage'),
});

const agents = createRoute({
  getParentRoute: () => frame,
  path: '/agents',
  component: lazyRouteComponent(() => import('./pages/agents/list.tsx'), 'AgentsPage'),
});

const agent = createRoute({
  getParentRoute: () => frame,
  path: '/agents/$id',
  validateSearch: (
    search: Record<string, unknown>,
  ): { tab?: string; error?: string; flow?: string; connected?: string } => ({
    tab: text(search.tab),
    ...outcome(search),
  }),
  component: lazyRouteComponent(() => import('./pages/agent/page.tsx'), 'AgentPage'),
});

const routeTree = root.addChildren([home, frame.addChildren([connectors, newConnector, connector, agents, agent])]);

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageError,
  defaultPendingMs: 150,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

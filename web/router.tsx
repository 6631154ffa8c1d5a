// Every address of the page. The list of connectors, where most visits begin, comes with the first code; every
// other page's code comes when it is first visited.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { MOUNT } from './api/mount.ts';
import { queryClient } from './api/query-client.ts';
import { sessionQuery } from './api/session.ts';
import { ConnectorsPage } from './pages/connectors/list.tsx';
import { Frame } from './shell/frame.tsx';
import { NotFound, PageError, PagePending } from './shell/states.tsx';

const root = createRootRoute({ notFoundComponent: NotFound });

const frame = createRoute({
  getParentRoute: () => root,
  id: 'frame',
  component: Frame,
  notFoundComponent: NotFound,
  // Whoever is not signed in is sent to the door, and back afterwards.
  beforeLoad: async ({ location }) => {
    const me = await queryClient.ensureQueryData({ ...sessionQuery, revalidateIfStale: true });
    if (me === null) throw redirect({ to: '/sign-in', search: { returnTo: location.href }, replace: true });
  },
});

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
  component: ConnectorsPage,
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
  validateSearch: (search: Record<string, unknown>): { create?: boolean } => ({
    create: search.create === true ? true : undefined,
  }),
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

const activity = createRoute({
  getParentRoute: () => frame,
  path: '/activity',
  validateSearch: (
    search: Record<string, unknown>,
  ): { range?: string; agent?: string; connector?: string; tool?: string } => ({
    range: text(search.range),
    agent: text(search.agent),
    connector: text(search.connector),
    tool: text(search.tool),
  }),
  component: lazyRouteComponent(() => import('./pages/activity/page.tsx'), 'ActivityPage'),
});

const health = createRoute({
  getParentRoute: () => frame,
  path: '/health',
  component: lazyRouteComponent(() => import('./pages/health.tsx'), 'HealthPage'),
});

const settings = createRoute({
  getParentRoute: () => frame,
  path: '/settings',
  validateSearch: (search: Record<string, unknown>): { tab?: string } => ({ tab: text(search.tab) }),
  component: lazyRouteComponent(() => import('./pages/settings/page.tsx'), 'SettingsPage'),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { returnTo?: string; error?: string } => ({
    returnTo: text(search.returnTo),
    error: text(search.error),
  }),
  component: lazyRouteComponent(() => import('./pages/door/sign-in.tsx'), 'SignInPage'),
});

const setUp = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/door/set-up.tsx'), 'SetUpPage'),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation/$token',
  component: lazyRouteComponent(() => import('./pages/door/invitation.tsx'), 'InvitationPage'),
});

const routeTree = root.addChildren([
  home,
  signIn,
  setUp,
  invitation,
  frame.addChildren([connectors, newConnector, connector, agents, agent, activity, health, settings]),
]);

export const router = createRouter({
  routeTree,
  basepath: MOUNT === '' ? '/' : MOUNT,
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

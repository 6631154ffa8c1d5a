// People who sign in while things break: each step lands on another replica, the callback is sent to two replicas at
// once and to the third again afterwards. One of them finishes the sign-in; nobody else can.

import { Browser } from '../test/support/browser.ts';
import type { Provider } from './providers.ts';
import type { World } from './world.ts';

type End = { readonly status: number; readonly error: string | null; readonly isConnected: boolean };

/** Signs in at the restless connector, or disconnects it; answers what was done. @throws NotDone, and what fetch throws */
export async function signInTwice(world: World, provider: Provider, complain: (what: string) => void): Promise<string> {
  const { random, api, replicas } = world;
  const { id } = provider.restless;
  if (random.chance(0.25)) {
    await api('DELETE', `connectors/${id}/credential`);
    return 'disconnection';
  }
  const { connectUrl } = await api<{ connectUrl: string }>('POST', `connectors/${id}/connect`, {});
  const browser = new Browser();
  const back = await browser.follow(connectUrl, ({ pathname }) => pathname === '/oauth/callback');
  if (back.url.pathname !== '/oauth/callback') {
    if (back.status >= 500) throw new Error(`the way to the provider ended with ${back.status}`);
    complain(`a sign-in ended at ${back.url.href} (${back.status}): ${back.text.slice(0, 300)}`);
    return 'sign-in refused';
  }
  const cookie = [...browser.cookies(back.url.hostname)].map(([name, value]) => `${name}=${value}`).join('; ');
  const visit = async (door: string): Promise<End> => {
    const response = await fetch(`${door}${back.url.pathname}${back.url.search}`, {
      redirect: 'manual',
      headers: { cookie },
    });
    await response.body?.cancel();
    const location = response.headers.get('location');
    const landing = location === null ? null : new URL(location, back.url).searchParams;
    const error = landing?.get('error') ?? null;
    return { status: response.status, error, isConnected: landing?.has('connected') === true };
  };
  const [first, second, third] = random.some(replicas, 3).map((replica) => world.doorOf(replica));
  const both = await Promise.allSettled([visit(first ?? ''), visit(second ?? '')]);
  const ends = both.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  const again = await visit(third ?? '').catch(() => null);
  if (again?.isConnected === true && ends.length === both.length && ends.some(({ isConnected }) => isConnected))
    complain(`a sign-in at ${provider.name} was finished again: ${JSON.stringify({ ends, again })}`);
  const finished = ends.filter(({ isConnected }) => isConnected).length;
  if (finished > 1) complain(`a sign-in at ${provider.name} was finished twice: ${JSON.stringify(ends)}`);
  if (finished === 1 || again?.isConnected === true) return 'sign-in';
  throw new Error(`no replica finished a sign-in: ${JSON.stringify({ ends, again })}`);
}

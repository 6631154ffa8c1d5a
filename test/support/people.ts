// A browser of a person who signs in: one cookie jar, requests as the hub's own page makes them.

import type { TestHub } from './hub.ts';

export const PASSWORD = 'correct horse battery';

export type Said<T = any> = { status: number; body: T; headers: Headers; text: string };

export class Visit {
  readonly jar = new Map<string, string>();
  readonly #url: string;
  readonly #seen: string[];

  constructor(hub: Pick<TestHub, 'url'> & { seen?: string[] }) {
    this.#url = hub.url;
    this.#seen = hub.seen ?? [];
  }

  /** The cookies as a browser would send them. */
  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async call<T = any>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { origin: this.#url, 'sec-fetch-site': 'same-origin' },
  ): Promise<Said<T>> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...headers,
        ...(this.jar.size === 0 ? {} : { cookie: this.cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const split = pair.indexOf('=');
      const [name, value] = [pair.slice(0, split), pair.slice(split + 1)];
      if (value === '' || /max-age=0/i.test(line)) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    const text = await response.text();
    this.#seen.push(`${method} ${path} ${response.status} ${text}`);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text, text };
  }
}

/** Makes the first owner of a hub; answers their browser. */
export async function setUp(hub: TestHub, email = 'owner@example.com'): Promise<Visit> {
  const visit = new Visit(hub);
  const code = (await hub.server.embedded.people.setup.newCode())?.reveal();
  const made = await visit.call('POST', '/api/setup', { code, name: 'Olive', email, password: PASSWORD });
  if (made.status !== 201) throw new Error(`set-up: ${made.status} ${made.text}`);
  return visit;
}

/** Somebody who came in by an invitation of `owner`. */
export async function join(hub: TestHub, owner: Visit, role: string, email: string): Promise<Visit> {
  const visit = new Visit(hub);
  const { body } = await owner.call('POST', '/api/people/invitations', { role });
  const token = body.url.split('/').at(-1);
  const made = await visit.call('POST', `/api/invitations/${token}`, { name: email, email, password: PASSWORD });
  if (made.status !== 200) throw new Error(`invitation: ${made.status} ${made.text}`);
  return visit;
}

// A browser without a screen: keeps cookies per origin and follows redirects by GET.

export type Visit = { url: URL; status: number; text: string; headers: Headers };

export class Browser {
  readonly visited: string[] = [];
  // Cookies know hosts, not ports; the stand-ins and the hub use names of their own.
  readonly #cookies = new Map<string, Map<string, string>>();

  async get(url: string): Promise<Visit & { location: URL | null }> {
    const at = new URL(url);
    const jar = this.#cookies.get(at.hostname) ?? new Map<string, string>();
    this.#cookies.set(at.hostname, jar);
    this.visited.push(at.href);
    const response = await fetch(at, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const split = pair.indexOf('=');
      jar.set(pair.slice(0, split), pair.slice(split + 1));
    }
    const location = response.headers.get('location');
    return {
      url: at,
      status: response.status,
      text: await response.text(),
      headers: response.headers,
      location: location === null ? null : new URL(location, at),
    };
  }

  /** Follows redirects to a page; `until` stops before a URL is visited. */
  async follow(url: string, until: (next: URL) => boolean = () => false): Promise<Visit> {
    let next = new URL(url);
    for (let hop = 0; hop < 25; hop += 1) {
      const visit = await this.get(next.href);
      if (visit.location === null) return visit;
      if (until(visit.location)) return { ...visit, url: visit.location };
      next = visit.location;
    }
    throw new Error(`too many redirects after ${url}`);
  }

  cookies(host: string): Map<string, string> {
    return this.#cookies.get(host) ?? new Map();
  }
}

// `chatelaine doctor` on the public address: what providers will send browsers back to, and whether a hub
// answers there.

import { ChatelaineError } from '../errors.ts';
import { parseAllowedHosts } from '../net/address-policy.ts';
import { createOutbound } from '../net/guarded-fetch.ts';
import { publicUrlOf, type Settings } from '../server/config.ts';
import { VERSION } from '../server/version.ts';
import { type Check, checked, fail, ok, warn } from './check.ts';

const WAIT_MS = 5_000;
const NAME = 'public address';

export function checkAddress(settings: Settings): Promise<Check> {
  return checked(NAME, async () => {
    if (settings.publicUrl === null && settings.port === 0)
      return ok(NAME, 'on this machine only; the port is chosen at the start');
    const url = publicUrlOf(settings, settings.port);
    const where = `${url}, redirect URI ${url}/oauth/callback`;
    const found = await healthOf(url);
    if (typeof found === 'string') {
      return warn(
        NAME,
        `${where}: no answer now (${found})`,
        'Start the hub; if it runs, look at the name, the certificate and the proxy before it.',
      );
    }
    const version = await hubVersion(found);
    if (version === null) {
      return fail(
        NAME,
        `${where}: something answers (HTTP ${found.status}) that is not Chatelaine`,
        'Lead this address to the hub, or set CHATELAINE_URL to the one that leads there.',
      );
    }
    if (version !== VERSION)
      return warn(
        NAME,
        `${where}: version ${version} answers, this is ${VERSION}`,
        'Restart the hub with this version.',
      );
    return ok(NAME, `${where}: answers`);
  });
}

/** The answer of `/healthz`, or why there is none. Guarded like every request, the hub's own host permitted. */
async function healthOf(url: string): Promise<Response | string> {
  const allowed = parseAllowedHosts(new URL(url).hostname);
  const outbound = createOutbound({ allowed, userAgent: `chatelaine/${VERSION}` });
  try {
    const response = await outbound.oauth(`${url}/healthz`, { signal: AbortSignal.timeout(WAIT_MS) });
    return new Response(await response.text(), { status: response.status });
  } catch (error) {
    if (error instanceof ChatelaineError) return error.message;
    if (error instanceof DOMException && error.name === 'TimeoutError') return `nothing within ${WAIT_MS / 1000} s`;
    throw error;
  } finally {
    await outbound.close();
  }
}

async function hubVersion(response: Response): Promise<string | null> {
  try {
    const { status, version } = (await response.json()) as { status?: unknown; version?: unknown };
    return response.ok && status === 'ok' && typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}

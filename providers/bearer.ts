// Who is calling the MCP endpoint: OAuth access tokens looked up in the authorization server's own store (RFC 6750,
// audience per RFC 8707), or Render's API keys; and the challenges that answer everyone else.
import { randomBytes } from 'node:crypto';
import type { Challenge, Faults } from './faults.ts';
import type { Answer } from './http.ts';
import { jsonAnswer } from './http.ts';
import type { TokenStore } from './store.ts';

export type Caller = {
  /** The account that signed in, or the client itself under client_credentials. */
  account: string;
  token: string;
  clientId?: string;
  scopes: string[];
};

/** `undefined`: no credential was sent. `'invalid'`: one was, and it is not good. */
export type Authenticate = (authorization: string | undefined) => Caller | 'invalid' | undefined;

const BEARER = /^Bearer +(\S+)$/i;

export function accessTokens(store: TokenStore, resources: () => string[]): Authenticate {
  return (authorization) => {
    if (authorization === undefined) return undefined;
    const token = BEARER.exec(authorization)?.[1] ?? '';
    const found = store.find('AccessToken', token) ?? store.find('ClientCredentials', token);
    if (!found || !resources().includes(String(found.aud))) return 'invalid';
    const clientId = String(found.clientId);
    const scopes = String(found.scope ?? '')
      .split(' ')
      .filter(Boolean);
    return { account: found.accountId ?? clientId, token, clientId, scopes };
  };
}

export type ApiKeys = { issue(account: string): string; revoke(key: string): void; authenticate: Authenticate };

export function apiKeys(secretsIssued: Set<string>): ApiKeys {
  const accounts = new Map<string, string>();
  return {
    issue(account) {
      const key = `rnd_${randomBytes(16).toString('hex')}`;
      accounts.set(key, account);
      secretsIssued.add(key);
      return key;
    },
    revoke: (key) => void accounts.delete(key),
    authenticate(authorization) {
      if (authorization === undefined) return undefined;
      const token = BEARER.exec(authorization)?.[1] ?? '';
      const account = accounts.get(token);
      return account === undefined ? 'invalid' : { account, token, scopes: [] };
    },
  };
}

/** 401 as RFC 9728 §5.1 wants it; `metadataUrl` is absent where there is no OAuth. */
export function unauthorized(faults: Faults, metadataUrl: string | undefined, sentOne: boolean): Answer {
  const { raw, scope, resourceMetadata }: Challenge = faults.challenge ?? {};
  // A CDN in the way and servers older than RFC 9728 have this in common: the client must look by itself.
  const pointer = faults.noResourceMetadata || faults.cdn403 ? undefined : metadataUrl;
  const url = resourceMetadata === false ? undefined : (resourceMetadata ?? pointer);
  const header = raw ?? challenge({ error: sentOne ? 'invalid_token' : undefined, resource_metadata: url, scope });
  const body = { error: 'invalid_token', error_description: 'A valid access token is required' };
  return jsonAnswer(401, body, header === '' ? {} : { 'www-authenticate': header });
}

export function insufficientScope(metadataUrl: string | undefined, scope: string): Answer {
  const header = challenge({ error: 'insufficient_scope', scope, resource_metadata: metadataUrl });
  const body = { error: 'insufficient_scope', error_description: `Needs scope ${scope}` };
  return jsonAnswer(403, body, { 'www-authenticate': header });
}

function challenge(parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return ['Bearer', given.map(([name, value]) => `${name}="${value}"`).join(', ')].filter(Boolean).join(' ');
}

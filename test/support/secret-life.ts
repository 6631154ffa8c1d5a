// A life with every kind of secret that ever passes through a hub: each is handed over or made here, used, and
// remembered by name, so that it can be looked for wherever it has no business to be.

import { randomBytes } from 'node:crypto';
import { legacyClient, modernClient } from '../gateway/agents.ts';
import { Browser } from './browser.ts';
import type { OpenId } from './openid.ts';
import { PASSWORD, Visit } from './people.ts';
import type { RunningProvider } from './providers.ts';

export type SecretLife = {
  /** By name; what a provider gave out comes as it is given out. */
  readonly secrets: Map<string, string>;
  /** Everything that callers, agents and browsers were answered, but the one answer that hands a secret out. */
  readonly seen: string[];
  /** The keys in addresses: shown to whoever may see the connector, and in nothing else. */
  readonly inAddress: string;
  /** Ends every credential, connector, agent and session. */
  disconnect(): Promise<void>;
};

export const canary = (name: string): string => `canary-${name}-${randomBytes(9).toString('hex')}`;

export async function liveWithSecrets(
  url: string,
  given: { adminToken: string; setupCode: string; sentry: RunningProvider; render: RunningProvider; openId: OpenId },
): Promise<SecretLife> {
  const { adminToken, setupCode, sentry, render, openId } = given;
  const secrets = new Map<string, string>([['set-up code', setupCode]]);
  const seen: string[] = [];
  const keep = (name: string, secret = canary(name.replaceAll(' ', '-'))): string => {
    secrets.set(name, secret);
    return secret;
  };
  const api = async (
    method: string,
    path: string,
    body?: unknown,
    more: { token?: string; hidden?: boolean } = {},
  ): Promise<any> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${more.token ?? adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!more.hidden)
      seen.push(`${method} ${path.split('?')[0]} ${response.status} ${JSON.stringify([...response.headers])} ${text}`);
    return /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
  };
  const made = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await api(method, path, body, { hidden: true });
    if (answer.code !== undefined && answer.status >= 400)
      throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };

  // People.
  const owner = new Visit({ url });
  const person = { name: 'Olive', email: 'olive@example.com', password: keep('password', PASSWORD) };
  await owner.call('POST', '/api/setup', { code: setupCode, ...person });
  for (const [name, value] of owner.jar) keep(`cookie ${name}`, value);
  keep(
    'invitation',
    (await owner.call('POST', '/api/people/invitations', { role: 'viewer' })).body.url.split('/').at(-1),
  );
  const { id: personId } = (await owner.call('GET', '/api/me')).body;
  keep('password link', (await owner.call('POST', `/api/people/${personId}/password-link`)).body.url.split('/').at(-1));
  // The provider is down: that is told in the log.
  seen.push((await new Browser().follow(`${url}/sign-in/oidc/sso`)).text);
  await openId.start(`${url}/sign-in/oidc/sso/callback`);
  openId.account = { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' };
  const single = new Browser();
  seen.push((await single.follow(`${url}/sign-in/oidc/sso?returnTo=/api/me`)).text);
  for (const [name, value] of single.cookies('127.0.0.1'))
    if (value !== '') keep(`single sign-on cookie ${name}`, value);

  // Connectors and agents.
  keep('API token', (await made('POST', '/api/tokens', { label: 'T', role: 'reader' })).token);
  const agent = await made('POST', '/api/agents', { name: 'Canary' });
  const agentKey = keep('agent key', (await made('POST', `/api/agents/${agent.id}/keys`, { label: 'k' })).key);
  const shape = { url: render.mcpUrl, credentialMode: 'shared' };
  const bearer = await made('POST', '/api/connectors', {
    name: 'Bearer',
    ...shape,
    authType: 'bearer',
    secret: keep('render key', render.apiKeys?.issue('ada@example.test')),
    headers: { 'X-Team': keep('header value') },
    capture: 'redacted',
  });
  await made('POST', '/api/connectors', {
    name: 'Key',
    ...shape,
    authType: 'api_key_header',
    headerName: 'X-Key',
    secret: keep('API key'),
  });
  const own = await made('POST', '/api/connectors', {
    name: 'Own',
    ...shape,
    authType: 'bearer',
    credentialMode: 'per_agent',
  });
  await made('PUT', `/api/agents/${agent.id}/credentials/${own.id}`, { secret: keep('bearer token of an agent') });
  const inAddress = canary('key-in-address');
  await made('POST', '/api/connectors', { name: 'Query', url: `${render.mcpUrl}?key=${inAddress}`, authType: 'none' });
  const byHand = { clientId: 'by-hand', clientSecret: keep('client secret') };
  await made('POST', '/api/connectors', {
    name: 'Hand',
    url: sentry.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
    oauth: byHand,
  });
  const oauth = await made('POST', '/api/connectors', {
    name: 'OAuth',
    url: sentry.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
  });

  const connect = async (how = ''): Promise<void> => {
    const { connectUrl } = await made('POST', `/api/connectors/${oauth.id}/connect`, {});
    keep(`connect link ${how}`, connectUrl.split('/').at(-1));
    const browser = new Browser();
    const end = await browser.follow(connectUrl, (next) => next.pathname === '/oauth/callback');
    keep(`state ${how}`, end.url.searchParams.get('state') ?? '');
    keep(`browser cookie ${how}`, browser.cookies('127.0.0.1').get('chatelaine_browser'));
    if (how === 'forged') end.url.searchParams.set('iss', 'https://evil.example');
    if (end.url.pathname === '/oauth/callback') seen.push((await browser.follow(end.url.href)).text);
  };
  await connect('first');
  for (const each of [bearer, own, oauth])
    await made('PUT', `/api/agents/${agent.id}/connectors/${each.id}`, { allTools: true });
  const talk = async (): Promise<void> => {
    for (const client of [
      modernClient(`${url}/mcp`, agentKey),
      await legacyClient(`${url}/mcp`, agentKey, '2025-11-25'),
    ])
      for (const [key, tool] of [
        [bearer.key, 'list_workspaces'],
        [own.key, 'list_workspaces'],
        [oauth.key, 'whoami'],
      ])
        seen.push(
          JSON.stringify((await client.request('tools/call', { name: `${key}__${tool}`, arguments: {} })).messages),
        );
  };
  await talk();
  await sentry.expireAccessTokens();
  await talk();

  // What goes wrong.
  for (const [how, faults] of Object.entries({
    html: { html: { token: true } },
    failing: { answer: { token: { status: 500, body: 'x' } } },
    lost: { dropAfter: { token: 1 } },
    forged: {},
  })) {
    Object.assign(sentry.faults, faults);
    await connect(how).catch(() => undefined);
    for (const fault of Object.keys(faults)) delete (sentry.faults as Record<string, unknown>)[fault];
  }
  await connect('last');
  const wrong = keep('wrong secret');
  await api('PATCH', `/api/connectors/${own.id}`, { secret: wrong, headers: { 'bad name': wrong } });
  await api('POST', '/api/connectors', { name: 'Z', url: `http://user:${wrong}@127.0.0.1/`, authType: 'none' });
  await api('POST', '/api/connectors', `{"name": "broken", "secret": "${wrong}`);
  await api('PUT', `/api/agents/${agent.id}/credentials/${own.id}`, { secret: `${wrong}\nx` });
  await api('GET', `/api/connectors?cursor=${wrong}`);
  await api('GET', `/api/no-such-thing?token=${wrong}`);
  await api('GET', '/api/me', undefined, { token: wrong });
  await api('POST', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' }, { token: wrong });
  for (const path of [`/connect/${wrong}`, `/oauth/callback?code=${wrong}&state=${wrong}`, `/sign-in/link/${wrong}`])
    seen.push((await new Browser().follow(`${url}${path}`)).text);

  // What anybody can read afterwards; addresses of connectors alone may be seen there, by whoever may see connectors.
  for (const path of [
    '/api/audit?limit=200',
    '/api/calls?limit=200',
    `/api/connectors/${oauth.id}/transcript?limit=200`,
    `/api/connectors/${bearer.id}/transcript?limit=200`,
    `/api/agents/${agent.id}/connectors`,
    '/api/tokens',
    '/api/people',
    '/api/people/invitations',
    '/api/health/forecast',
    '/api/connectors/summary',
    '/api/agents/summary',
    '/metrics',
    '/api/openapi.json',
    `/api/agents/${agent.id}/mcp-config?client=json`,
    '/api/keys',
    '/api/sessions',
    '/',
  ])
    await api('GET', path);
  for (const { id } of (await made('GET', '/api/calls?limit=200')).items) await api('GET', `/api/calls/${id}`);

  const verifiers = sentry.requests.flatMap(({ body }) => new URLSearchParams(body).get('code_verifier') ?? []);
  for (const [i, verifier] of verifiers.entries()) keep(`PKCE verifier ${i}`, verifier);
  for (const [i, secret] of [...sentry.secretsIssued].entries()) keep(`of the provider ${i}`, secret);
  for (const [i, secret] of [...openId.issued].entries()) keep(`of single sign-on ${i}`, secret);

  return {
    secrets,
    seen,
    inAddress,
    async disconnect() {
      await api('DELETE', `/api/connectors/${oauth.id}/credential`);
      await api('DELETE', `/api/agents/${agent.id}/credentials/${own.id}`);
      for (const { id } of (await made('GET', '/api/connectors?limit=200')).items)
        await api('DELETE', `/api/connectors/${id}`);
      await api('DELETE', `/api/agents/${agent.id}`);
      for (const { id } of (await made('GET', '/api/tokens')).items) await api('DELETE', `/api/tokens/${id}`);
      await owner.call('DELETE', '/api/sessions');
      // The router remembers the last address of each kind.
      for (const path of ['/connect/x', '/sign-in/link/x', '/api/invitations/x']) await api('GET', path);
    },
  };
}

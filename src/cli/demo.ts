// `chatelaine demo`: a hub of its own beside four local stand-ins for providers, with a connector for each
// and the links to click. The stand-ins live in providers/, which nothing else of the program loads.

import { randomBytes } from 'node:crypto';
import type { DemoProvider } from '../../providers/index.ts';
import { ChatelaineError } from '../errors.ts';
import type { ConnectorView } from '../hub/connector-view.ts';
import type { Hub } from '../hub/hub.ts';
import type { People } from '../people/people.ts';
import { Secret } from '../secret.ts';
import { readSettings } from '../server/config.ts';
import { createLog } from '../server/log.ts';
import { startServer } from '../server/serve.ts';
import { command } from './command.ts';
import { announcement, type DemoConnector } from './demo-announcement.ts';
import { everyPage } from './every-page.ts';
import { stopSignal } from './signals.ts';
import { CLI } from './with-hub.ts';

const PROVIDERS_PORT = '4201';
const LABEL = 'demo';
const AGENT = 'Demo agent';
const OWNER = { name: 'Demo owner', email: 'owner@demo.example' };

export const demo = command({
  details:
    'Keeps its own data folder and takes no setting from the environment, so that it never touches another hub.\n' +
    'The providers forget everything when they end; connect again after a second start.',
  options: {
    port: { type: 'string', value: 'NUMBER', help: 'where the hub listens (4100)' },
    'providers-port': {
      type: 'string',
      value: 'NUMBER',
      help: `where the first provider listens, the others after it (${PROVIDERS_PORT}); 0 lets the system choose`,
    },
    data: { type: 'string', value: 'FOLDER', help: 'the data folder (./data/demo)' },
    'log-level': { type: 'string', value: 'LEVEL', help: 'fatal, error, warn, info, debug, trace or silent (warn)' },
  },
  async run({ values }, output) {
    const settings = readSettings(
      {},
      {
        port: values.port,
        data: values.data ?? 'data/demo',
        'log-level': values['log-level'] ?? 'warn',
        'allowed-private-hosts': '127.0.0.1,localhost',
      },
    );
    const stop = stopSignal();
    const providers = await startProviders(values['providers-port'] ?? PROVIDERS_PORT);
    try {
      const server = await startServer(settings, createLog(settings.logLevel, 'stderr'));
      try {
        const scene = {
          url: server.url,
          dataFolder: settings.dataFolder,
          ...(await prepare(server.embedded.hub, providers)),
          signInUrl: await ownerLink(server.embedded.people),
        };
        output.result(scene, announcement(scene));
        await stop;
      } finally {
        await server.close();
      }
    } finally {
      await Promise.all(providers.map((provider) => provider.close()));
    }
    return 0;
  },
});

/** Signs whoever reads this console in as the owner of the demo, who is made at the first start. */
async function ownerLink(people: People): Promise<string> {
  if (await people.setup.needed()) {
    const { url } = await people.links.invite({ role: 'owner', email: OWNER.email }, CLI);
    const token = new Secret(url.slice(url.lastIndexOf('/') + 1));
    const password = new Secret(randomBytes(24).toString('base64url'));
    await people.links.accept(token, { name: OWNER.name, password }, { address: null, userAgent: null });
  }
  const owner = (await people.list()).find(({ role, enabled }) => role === 'owner' && enabled);
  if (owner === undefined) throw new ChatelaineError('internal_error', 'The demo has no owner.');
  return (await people.links.signIn(owner.id, CLI)).url;
}

async function startProviders(port: string): Promise<readonly DemoProvider[]> {
  const firstPort = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  if (!(firstPort <= 65_532))
    throw new ChatelaineError('invalid_settings', '--providers-port takes a number from 0 to 65532.');
  const { startDemoProviders } = await import('../../providers/index.ts');
  try {
    return await startDemoProviders({ firstPort });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new ChatelaineError(
      'invalid_settings',
      `A port from ${firstPort} to ${firstPort + 3} is in use, perhaps by another demo: end that, or choose others with --providers-port.`,
      { cause: error },
    );
  }
}

/** Connectors, an agent and a token; what an earlier start left is used again. */
async function prepare(
  hub: Hub,
  providers: readonly DemoProvider[],
): Promise<{ token: string; agentId: string; connectors: readonly DemoConnector[] }> {
  const known = new Map((await everyPage(hub.connectors.list)).map((connector) => [connector.name, connector]));
  const connectors: DemoConnector[] = [];
  for (const { connector: wanted, origin } of providers) {
    const { id, key, name, url, authType } = await present(hub, wanted, known.get(wanted.name));
    const connectUrl =
      authType === 'oauth'
        ? (await hub.connectors.connect(id, { agentId: null, returnTo: null }, CLI)).connectUrl
        : null;
    connectors.push({ id, key, name, url, providerUrl: origin, connectUrl, apiKey: wanted.apiKey ?? null });
  }
  const agents = await everyPage(hub.agents.list);
  const agent = agents.find(({ name }) => name === AGENT) ?? (await hub.agents.create({ name: AGENT }, CLI));
  return { token: await freshToken(hub), agentId: agent.id, connectors };
}

async function present(
  hub: Hub,
  wanted: DemoProvider['connector'],
  known: ConnectorView | undefined,
): Promise<ConnectorView> {
  const { name, url, authType } = wanted;
  if (known === undefined) {
    return hub.connectors.create(
      { name, url, authType, credentialMode: authType === 'oauth' ? 'shared' : 'per_agent' },
      CLI,
    );
  }
  const connector = known.url === url ? known : await hub.connectors.update(known.id, { url }, CLI);
  // The provider has forgotten who we are, and its consent page would only say that it does not know us.
  if (connector.authType === 'oauth') await hub.connectors.registerAgain(connector.id, CLI);
  return connector;
}

/** A token can be shown only when it is made, so each start makes one and removes the last. */
async function freshToken(hub: Hub): Promise<string> {
  for (const { id, label } of await everyPage(hub.apiTokens.list)) {
    if (label === LABEL) await hub.apiTokens.delete(id, CLI);
  }
  const { token } = await hub.apiTokens.create({ role: 'owner', label: LABEL }, CLI);
  return token.reveal();
}

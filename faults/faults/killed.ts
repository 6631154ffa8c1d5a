// A replica dies by SIGKILL at a step of something that it does, and is started again.

import { startProvider } from '../../providers/index.ts';
import { Browser } from '../../test/support/browser.ts';
import { type Fault, pause } from '../fault.ts';
import { signIn } from '../providers.ts';
import { connectToRefresh } from '../refreshed.ts';
import type { Replica, Step } from '../replica.ts';
import { rotateUnderOtherKey } from '../rotation.ts';
import type { World } from '../world.ts';

/** A step that is not come to in this time is never come to. */
const REACHED_MS = 20_000;
const TRY_MS = 60;

/** Has the replica do what the step belongs to; it is called again and again until the process is dead. */
type Drive = (world: World, replica: Replica) => Promise<unknown>;
type Deadly = {
  /** Once before the replica is armed. */
  readonly prepare?: (world: World) => Promise<unknown>;
  readonly drive: Drive;
  readonly steps: Readonly<Record<string, Step>>;
};

function killed(name: string, deadly: Deadly): Fault {
  return {
    name: `replica killed during ${name}`,
    count: Object.keys(deadly.steps).length,
    async inject(world) {
      for (const [at, step] of Object.entries(deadly.steps)) {
        await deadly.prepare?.(world);
        const replica = world.random.one(world.replicas);
        const from = Date.now();
        await replica.dieAt(step);
        await driveToDeath(world, replica, deadly.drive, `${name}, ${at}`);
        // Whatever it refreshed at that moment is cut off, not only what it was driven to.
        await world.excuse.interrupted(from);
        await replica.start();
      }
    },
    end: async () => undefined,
  };
}

async function driveToDeath(world: World, replica: Replica, drive: Drive, what: string): Promise<void> {
  const giveUpAt = Date.now() + REACHED_MS;
  while (replica.isRunning()) {
    if (Date.now() > giveUpAt) {
      await replica.dieAt(null);
      throw new Error(`${replica.name} never came to this step: ${what}`);
    }
    await Promise.race([drive(world, replica).catch(() => undefined), replica.ended(), pause(REACHED_MS)]);
    await pause(TRY_MS);
  }
}

const oneOf = <T>(world: World, values: readonly T[]): T => world.random.one(values);

const refreshed = new WeakMap<World, string>();

const prepareRefresh = async (world: World): Promise<void> => {
  refreshed.set(world, (await connectToRefresh(world)).id);
};

/** A request with a token that is due soon after it came. */
const useAndRefresh: Drive = (world, replica) =>
  world.apiOf(replica)('POST', `connectors/${refreshed.get(world)}/requests`, { method: 'tools/list' });

/** A sign-in whose last step lands on this replica. */
const finishSignIn: Drive = async (world, replica) => {
  const { restless } = oneOf(world, world.providers);
  const { connectUrl } = await world.api<{ connectUrl: string }>('POST', `connectors/${restless.id}/connect`, {});
  const browser = new Browser();
  const back = await browser.follow(connectUrl, ({ pathname }) => pathname === '/oauth/callback');
  await browser.get(`${world.doorOf(replica)}${back.url.pathname}${back.url.search}`);
};

/** A provider that nobody has registered at: after a registration that was cut off its lease has to lapse first. */
const unregistered = new WeakMap<World, string>();

const makeUnregistered = async (world: World): Promise<void> => {
  const provider = await startProvider('granola', { host: world.network.providers });
  world.onRemove(provider.close);
  const { id } = await world.api('POST', 'connectors', {
    name: `Unregistered ${Date.now().toString(36)}`,
    url: provider.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
  });
  unregistered.set(world, id);
};

const register: Drive = (world, replica) =>
  world.apiOf(replica)('POST', `connectors/${unregistered.get(world)}/connect`, {});

const listTools: Drive = (world, replica) => {
  const shared = world.load.connectors.filter(
    ({ mode, revision }) => mode !== 'per_agent' && revision !== '2024-11-05',
  );
  return world.apiOf(replica)('POST', `connectors/${oneOf(world, shared).id}/sync`, {});
};

const disconnect: Drive = async (world, replica) => {
  const { restless } = oneOf(world, world.providers);
  await signIn(world.api, restless.id).catch(() => undefined);
  await world.apiOf(replica)('DELETE', `connectors/${restless.id}/credential`);
};

const revokeKey: Drive = async (world, replica) => {
  const { id } = await world.api('POST', 'agents', { name: `Short-lived ${Date.now().toString(36)}` });
  const { id: keyId } = await world.api('POST', `agents/${id}/keys`, { label: 'short-lived' });
  await world.apiOf(replica)('DELETE', `agents/${id}/keys/${keyId}`);
};

const REFRESH = 'grant_type=refresh_token';
const CODE = 'grant_type=authorization_code';
const LISTED = 'update "connectors" set .*"tools_synced_at"';
const SAVES_TOKENS = 'update "credentials" set .*"sealed"';

export const killedFaults: readonly Fault[] = [
  killed('a refresh', {
    prepare: prepareRefresh,
    drive: useAndRefresh,
    steps: {
      'before its request': { at: 'request', path: '/token$', body: REFRESH },
      'its request sent': { at: 'sent', path: '/token$', body: REFRESH },
      'its answer received': { at: 'answered', path: '/token$', body: REFRESH },
      'before the write': { at: 'before', statement: SAVES_TOKENS },
      'after the write': { at: 'after', statement: SAVES_TOKENS },
    },
  }),
  killed('a callback', {
    drive: finishSignIn,
    steps: {
      'the flow consumed': { at: 'after', statement: 'update "flows" set "status"' },
      'the exchange sent': { at: 'sent', path: '/token$', body: CODE },
      'the exchange answered': { at: 'answered', path: '/token$', body: CODE },
      'before the write': { at: 'before', statement: 'insert into "credentials"' },
      'after the write': { at: 'after', statement: 'insert into "credentials"' },
    },
  }),
  killed('a registration', {
    prepare: makeUnregistered,
    drive: register,
    steps: {
      'its request sent': { at: 'sent', path: '/register$' },
      'its answer received': { at: 'answered', path: '/register$' },
      'before the write': { at: 'before', statement: 'insert into "registrations"' },
      'after the write': { at: 'after', statement: 'insert into "registrations"' },
    },
  }),
  killed('a rotation of the encryption keys', {
    prepare: rotateUnderOtherKey,
    drive: (world, replica) => world.apiOf(replica)('POST', 'keys/rotate'),
    steps: {
      'before the third write': { at: 'before', statement: 'update "[a-z_]+" set "?[a-z_]+"? = ', count: 3 },
      'after the tenth write': { at: 'after', statement: 'update "[a-z_]+" set "?[a-z_]+"? = ', count: 10 },
    },
  }),
  killed('a listing of tools', {
    drive: listTools,
    steps: {
      'its answer received': { at: 'answered', path: '/mcp$', body: 'tools/list' },
      'before the write': { at: 'before', statement: LISTED },
      'after the write': { at: 'after', statement: LISTED },
    },
  }),
  killed('a disconnection', {
    drive: disconnect,
    steps: {
      'before it is forgotten': { at: 'before', statement: 'delete from "credentials"' },
      'once it is forgotten': { at: 'after', statement: 'delete from "credentials"' },
      'its revocation sent': { at: 'sent', path: '/revoke$' },
      'its revocation answered': { at: 'answered', path: '/revoke$' },
    },
  }),
  killed('a revocation of a key', {
    drive: revokeKey,
    steps: {
      'before the write': { at: 'before', statement: 'delete from "agent_keys"' },
      'after the write': { at: 'after', statement: 'delete from "agent_keys"' },
    },
  }),
  {
    name: 'replica killed at any moment',
    isShort: true,
    inject: (world) => kill(world, [world.random.one(world.replicas)]),
    end: restart,
  },
  {
    name: 'all replicas killed',
    inject: (world) => kill(world, world.replicas),
    end: restart,
  },
  {
    name: 'replica frozen',
    async inject({ replicas, random }) {
      const frozen = random.one(replicas);
      frozen.signal('SIGSTOP');
      await pause(6_000);
      frozen.signal('SIGCONT');
    },
    end: async () => undefined,
  },
  {
    name: 'replicas stopped and started in turn',
    isShort: true,
    count: 3,
    async inject(world) {
      for (const replica of world.replicas) {
        const code = await replica.stop();
        if (code !== 0) throw new Error(`${replica.name} ended with ${code} when it was told to stop`);
        await replica.start();
      }
    },
    end: async () => undefined,
  },
];

async function kill({ excuse }: World, replicas: readonly Replica[]): Promise<void> {
  const from = Date.now();
  await Promise.all(replicas.map((replica) => replica.kill()));
  await excuse.interrupted(from);
}

async function restart({ replicas }: World): Promise<void> {
  await Promise.all(replicas.filter((replica) => !replica.isRunning()).map((replica) => replica.start()));
}

// The database goes away, stands still, or takes nothing more.

import { until } from '../../test/support/until.ts';
import { type Fault, pause } from '../fault.ts';
import { connectToRefresh } from '../refreshed.ts';
import type { World } from '../world.ts';

const SHORT_MS = 3_000;
const FROZEN_MS = 7_000;

let letGo: (() => Promise<void>) | null = null;

export const databaseFaults: readonly Fault[] = [
  {
    name: 'database restarted',
    isShort: true,
    inject: ({ postgres }) => postgres.stop(),
    end: ({ postgres }) => postgres.start(),
  },
  {
    name: 'database killed',
    async inject({ postgres }) {
      await postgres.kill();
      await pause(SHORT_MS);
    },
    end: ({ postgres }) => postgres.start(),
  },
  {
    name: 'database frozen',
    async inject({ postgres }) {
      await postgres.freeze();
      await pause(FROZEN_MS);
    },
    end: ({ postgres }) => postgres.thaw(),
  },
  {
    name: 'database away for long',
    async inject({ postgres }) {
      await postgres.stop();
      await pause(12_000);
    },
    end: ({ postgres }) => postgres.start(),
  },
  {
    name: 'database away between the answer to a refresh and its write',
    async inject(world) {
      const { id, provider } = await connectToRefresh(world);
      // So long that the database is gone when the answer comes.
      provider.running.faults.delayMs = { token: 2_000 };
      const isAsked = (): boolean =>
        world.heard.presented().some(({ grant, status }) => grant === 'refresh_token' && status === 0);
      await until('a refresh is under way', async () => {
        void world.api('POST', `connectors/${id}/requests`, { method: 'tools/list' }).catch(() => undefined);
        return isAsked();
      });
      await world.postgres.stop();
      delete provider.running.faults.delayMs;
      await pause(15_000);
    },
    end: ({ postgres }) => postgres.start(),
  },
  {
    name: 'database out of connections',
    async inject({ postgres }) {
      letGo = await postgres.takeAllConnections();
      await pause(SHORT_MS);
    },
    async end() {
      await letGo?.();
      letGo = null;
    },
  },
  {
    name: 'database read-only',
    async inject({ postgres }) {
      await setReadOnly(postgres, true);
      await pause(SHORT_MS);
    },
    end: ({ postgres }) => setReadOnly(postgres, false),
  },
  {
    name: 'database disk full',
    needsNamespaces: true,
    async inject({ postgres }) {
      await postgres.fill();
      await pause(5_000);
    },
    async end({ postgres }) {
      await postgres.empty();
      // A full disk may have ended it.
      const isUp = await postgres.query('select 1').then(
        () => true,
        () => false,
      );
      if (isUp) return;
      await postgres.kill();
      await postgres.start();
    },
  },
  {
    name: 'connections to the database dropped again and again',
    async inject({ postgres }) {
      for (let round = 0; round < 10; round += 1) {
        await postgres.dropReplicas();
        await pause(300);
      }
    },
    end: async () => undefined,
  },
];

async function setReadOnly(postgres: World['postgres'], isReadOnly: boolean): Promise<void> {
  // The suite's own session may write to say so.
  await postgres.query(`alter system set default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`);
  await postgres.query('select pg_reload_conf()');
  if (!isReadOnly) return;
  await pause(200);
}

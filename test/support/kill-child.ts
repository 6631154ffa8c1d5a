// Refreshes one connector's token and dies by SIGKILL at a chosen moment of it.

import { createHub } from '../../src/server/create-hub.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { die } from './die.ts';

const { DATABASE_FILE = '', ENCRYPTION_KEYS = '', CONNECTOR = '', MOMENT = '' } = process.env;

const store = await openStore({ kind: 'sqlite', file: DATABASE_FILE });
const deadly: Store = {
  ...store,
  credentials: {
    ...store.credentials,
    async update(id, generation, patch) {
      if (patch.sealed === undefined) return store.credentials.update(id, generation, patch);
      if (MOMENT === 'before_save') die();
      const saving = store.credentials.update(id, generation, patch);
      if (MOMENT === 'during_save') setImmediate(die);
      await saving;
      return die();
    },
  },
};

// undici's own diagnostics tell when a request is on the wire and when its answer is there.
const { subscribe } = await import('node:diagnostics_channel');
const isToken = (message: unknown): boolean =>
  String((message as { request?: { path?: string } }).request?.path).startsWith('/token');
subscribe('undici:request:bodySent', (message) => {
  if (MOMENT === 'request_sent' && isToken(message)) setImmediate(die);
});
subscribe('undici:request:headers', (message) => {
  if (MOMENT === 'answer_received' && isToken(message)) die();
});

const { hub } = await createHub({
  url: 'http://127.0.0.1:4100',
  database: deadly,
  encryptionKeys: ENCRYPTION_KEYS,
  allowedPrivateHosts: '127.0.0.1',
  background: false,
});
process.stdout.write('{"ready":true}\n');
// The hub beside may have refreshed at this very moment; then it is due again at once.
for (;;) await hub.resolve(CONNECTOR, null, { slot: 'active' });

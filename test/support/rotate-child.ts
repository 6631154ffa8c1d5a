// Brings every secret under the first key, and dies by SIGKILL at a chosen step of that.

import { createHub } from '../../src/server/create-hub.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { die } from './die.ts';

const { LOCATION = '', ENCRYPTION_KEYS = '', STEP = '' } = process.env;

const store = await openStore(JSON.parse(LOCATION));
const deadly: Store = {
  ...store,
  sealed: {
    ...store.sealed,
    async batch(kind, afterId, limit) {
      const cells = await store.sealed.batch(kind, afterId, limit);
      if (STEP === `read ${kind}`) die();
      return cells;
    },
    async replace(cell, ciphertext) {
      if (STEP === `before writing ${cell.kind}`) die();
      const writing = store.sealed.replace(cell, ciphertext);
      if (STEP === `while writing ${cell.kind}`) setImmediate(die);
      const done = await writing;
      if (STEP === `after writing ${cell.kind}`) die();
      return done;
    },
  },
  audit: {
    ...store.audit,
    async append(record) {
      if (STEP === 'before the audit') die();
      await store.audit.append(record);
      if (STEP === 'after the audit') die();
    },
  },
};

const { hub, close } = await createHub({
  url: 'http://127.0.0.1:4100',
  database: deadly,
  encryptionKeys: ENCRYPTION_KEYS,
  background: false,
});
process.stdout.write('{"ready":true}\n');
await hub.keys.rotate({ name: 'test' });
await close();

// Run as a process of its own: opens the store of the first argument and stores one agent.

import { openStore } from '../../../src/store/open-store.ts';
import { agent } from '../conformance/fixtures.ts';

const [location = '', id = ''] = process.argv.slice(2);
const store = await openStore(JSON.parse(location));
await store.ping();
await store.agents.insert(agent({ id, name: id }));
await store.close();
process.stdout.write(`stored ${id}\n`);

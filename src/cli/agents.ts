// `chatelaine agents`: who may call tools, and the keys with which they sign in.

import type { AgentKeyRecord, AgentRecord } from '../store/records.ts';
import { command } from './command.ts';
import { everyPage } from './every-page.ts';
import { plain, table } from './output.ts';
import { STORE_OPTIONS } from './setting-options.ts';
import { EXPIRES_OPTION, iso, isoOrNull, readExpiry } from './times.ts';
import { CLI, withHub } from './with-hub.ts';

export const listAgents = command({
  options: STORE_OPTIONS,
  async run({ values }, output) {
    const items = (await withHub(values, output, (hub) => everyPage(hub.agents.list))).map(viewOf);
    const rows = items.map((agent) => [agent.id, agent.name, agent.enabled ? 'yes' : 'no', agent.createdAt]);
    output.result(
      { items },
      rows.length === 0 ? 'There are no agents yet.' : table(['ID', 'NAME', 'ENABLED', 'SINCE'], rows),
    );
    return 0;
  },
});

export const addAgent = command({
  options: { name: { type: 'string', value: 'NAME', required: true, help: 'what people call it' }, ...STORE_OPTIONS },
  async run({ values }, output) {
    const agent = viewOf(await withHub(values, output, (hub) => hub.agents.create({ name: values.name }, CLI)));
    output.result(agent, `Added ${plain(agent.name)}: ${agent.id}`);
    return 0;
  },
});

export const makeAgentKey = command({
  operands: ['agentId'],
  details: 'The key alone goes to standard output, this once; only its hash is kept.',
  options: {
    label: { type: 'string', value: 'TEXT', help: 'by which you will know it' },
    expires: EXPIRES_OPTION,
    ...STORE_OPTIONS,
  },
  async run({ values, operands: [agentId = ''] }, output) {
    const expiresAt = readExpiry(values.expires, 'agents key');
    const { record, key } = await withHub(values, output, (hub) =>
      hub.agents.createKey(agentId, { label: values.label, expiresAt }, CLI),
    );
    output.note('Shown this once; keep it where the agent reads its secrets.');
    output.result({ ...keyViewOf(record), key: key.reveal() }, key.reveal());
    return 0;
  },
});

const viewOf = (agent: AgentRecord) => ({ ...agent, createdAt: iso(agent.createdAt), updatedAt: iso(agent.updatedAt) });

function keyViewOf({ id, label, prefix, createdAt, expiresAt, lastUsedAt }: AgentKeyRecord) {
  return {
    id,
    label,
    prefix,
    createdAt: iso(createdAt),
    expiresAt: isoOrNull(expiresAt),
    lastUsedAt: isoOrNull(lastUsedAt),
  };
}

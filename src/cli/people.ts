// `chatelaine people`: who may sign in. Whoever can run this on the hub's machine is never locked out.

import { ROLES } from '../people/role.ts';
import { command } from './command.ts';
import { plain, table } from './output.ts';
import { STORE_OPTIONS } from './setting-options.ts';
import { CLI, withHub } from './with-hub.ts';

const ROLE_HELP = 'owner does everything, operator connectors and agents, viewer looks on';
const URL_OPTION = {
  url: { type: 'string', value: 'ADDRESS', help: 'the public address, which the link begins with (CHATELAINE_URL)' },
} as const;

export const listPeople = command({
  options: STORE_OPTIONS,
  async run({ values }, output) {
    const people = await withHub(values, output, (_hub, known) => known.list());
    const items = people.map(({ id, name, email, role, enabled, createdAt, lastSeenAt, sessions, signIn }) => ({
      id,
      name,
      email,
      role,
      enabled,
      createdAt: createdAt.toISOString(),
      lastSeenAt: lastSeenAt?.toISOString() ?? null,
      sessions,
      signIn,
    }));
    const rows = items.map((each) => [
      each.id,
      plain(each.name),
      each.email,
      each.enabled ? each.role : `${each.role} (disabled)`,
      each.lastSeenAt ?? '-',
    ]);
    output.result(
      { items },
      rows.length === 0
        ? 'Nobody can sign in yet; start the hub for a set-up code, or use `people invite`.'
        : table(['ID', 'NAME', 'E-MAIL', 'ROLE', 'LAST SEEN'], rows),
    );
    return 0;
  },
});

export const invitePerson = command({
  details: 'The link alone goes to standard output, this once. It works once, within seven days.',
  options: {
    role: { type: 'string', choices: ROLES, required: true, help: ROLE_HELP },
    email: { type: 'string', value: 'ADDRESS', help: 'whom it is for; else whoever has the link' },
    ...URL_OPTION,
    ...STORE_OPTIONS,
  },
  async run({ values }, output) {
    const { role, email } = values;
    const link = await withHub(values, output, (_hub, people) => people.links.invite({ role, email }, CLI));
    output.result({ ...link, expiresAt: link.expiresAt.toISOString(), role, email: email ?? null }, link.url);
    return 0;
  },
});

export const changeRole = command({
  operands: ['id or e-mail address'],
  options: { role: { type: 'string', choices: ROLES, required: true, help: ROLE_HELP }, ...STORE_OPTIONS },
  async run({ values, operands: [named = ''] }, output) {
    const changed = await withHub(values, output, async (_hub, people) =>
      people.change((await people.find(named)).id, { role: values.role }, CLI),
    );
    const { id, email, role, enabled } = changed;
    output.result(
      { id, email, role, enabled },
      `${plain(email)} is ${role} now${enabled ? '' : ', and still disabled'}.`,
    );
    return 0;
  },
});

export const resetPassword = command({
  operands: ['id or e-mail address'],
  details: 'The link alone goes to standard output, this once. It works once, within a day, and ends every session.',
  options: { ...URL_OPTION, ...STORE_OPTIONS },
  async run({ values, operands: [named = ''] }, output) {
    const link = await withHub(values, output, async (_hub, people) =>
      people.links.password((await people.find(named)).id, CLI),
    );
    output.result({ url: link.url, expiresAt: link.expiresAt.toISOString() }, link.url);
    return 0;
  },
});

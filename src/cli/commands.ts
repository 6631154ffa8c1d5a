// Every command there is, in the order of the help. A command's code is loaded when it is called, so that
// a small one does not wait for the whole server.

import type { Command } from './command.ts';

type Entry = { readonly summary: string; readonly load: () => Promise<Command> };

export const DEFAULT_COMMAND = 'serve';

export const COMMANDS: { readonly [path: string]: Entry } = {
  serve: {
    summary: 'start the hub (what happens without a command)',
    load: async () => (await import('./serve.ts')).serve,
  },
  demo: {
    summary: 'start a hub beside four local providers, ready to connect',
    load: async () => (await import('./demo.ts')).demo,
  },
  doctor: {
    summary: 'check settings, keys, database, clock and address, and say how to mend them',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  'connectors list': {
    summary: 'list the connectors and their state',
    load: async () => (await import('./connectors.ts')).listConnectors,
  },
  'connectors add': {
    summary: 'add the MCP server at an address',
    load: async () => (await import('./connectors.ts')).addConnector,
  },
  'connectors sync': {
    summary: "list a connector's tools now",
    load: async () => (await import('./connectors.ts')).syncConnector,
  },
  'agents list': {
    summary: 'list the agents',
    load: async () => (await import('./agents.ts')).listAgents,
  },
  'agents add': {
    summary: 'add an agent',
    load: async () => (await import('./agents.ts')).addAgent,
  },
  'agents key': {
    summary: 'make a key with which an agent signs in',
    load: async () => (await import('./agents.ts')).makeAgentKey,
  },
  'people list': {
    summary: 'list who may sign in',
    load: async () => (await import('./people.ts')).listPeople,
  },
  'people invite': {
    summary: 'make a link by which one person comes in',
    load: async () => (await import('./people.ts')).invitePerson,
  },
  'people role': {
    summary: 'change what a person may do',
    load: async () => (await import('./people.ts')).changeRole,
  },
  'people reset-password': {
    summary: 'make a link by which a person chooses a new password',
    load: async () => (await import('./people.ts')).resetPassword,
  },
  'tokens create': {
    summary: 'make a token for the API',
    load: async () => (await import('./tokens.ts')).createToken,
  },
  'keys generate': {
    summary: 'print a new entry for CHATELAINE_ENCRYPTION_KEYS',
    load: async () => (await import('./keys.ts')).generate,
  },
  'keys rotate': {
    summary: 'encrypt every stored secret anew, under the first key',
    load: async () => (await import('./keys.ts')).rotate,
  },
  'keys verify': {
    summary: 'prove that every stored secret opens',
    load: async () => (await import('./keys.ts')).verify,
  },
  backup: {
    summary: 'write an embedded database to one file, beside a running hub',
    load: async () => (await import('./backup.ts')).backup,
  },
  restore: {
    summary: 'put such a file into an empty data folder',
    load: async () => (await import('./backup.ts')).restore,
  },
  migrate: {
    summary: 'move an embedded database to PostgreSQL',
    load: async () => (await import('./migrate.ts')).migrate,
  },
};

/** The last words of the commands that begin with `group`; none when there is no such group. */
export function membersOf(group: string): readonly string[] {
  return Object.keys(COMMANDS)
    .filter((path) => path.startsWith(`${group} `))
    .map((path) => path.slice(group.length + 1));
}

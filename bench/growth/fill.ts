// A database as it is after years: connectors, agents with keys and grants, credentials of their own, a call log,
// an audit log. Written by the database itself, in a few statements, past the API.

import { createHash } from 'node:crypto';
import { firstIdAt } from '../../src/hub/ids.ts';
import type { Writer } from './agents.ts';

export type Size = { readonly agents: number; readonly connectors: number; readonly credentials: number };

/** Lines of the call log and of the audit log for each agent, at most so many. */
const LINES_MAX = 300_000;
const TOOLS_EACH = 10;
const SEALED_CHARACTERS = 600;
const HOUR_MS = 3_600_000;

export const agentIdOf = (number: number): string => `agt_wide${String(number).padStart(8, '0')}`;
export const keyOf = (number: number): string => `chla_${digest(`wide ${number}`)}`;
export const connectorIdOf = (number: number): string => `con_wide${String(number).padStart(8, '0')}`;

/**
 * `like` is a connector that was made over the API, with its tools: the others are its copies. Of a hundred
 * credentials one must be connected again, one fails to be renewed and one ends for good within the week.
 * Answers the id in the middle of the call log.
 */
export async function fillWide(writer: Writer, size: Size, like: string): Promise<string> {
  const { agents, connectors, credentials } = size;
  const now = Date.now();
  const each = Math.max(1, Math.round(credentials / agents));
  const lines = Math.min(LINES_MAX, agents * 10);
  const pad = (expression: string): string =>
    writer.dialect === 'postgres' ? `lpad((${expression})::text, 8, '0')` : `printf('%08d', ${expression})`;
  const agent = (n: string): string => `'agt_wide' || ${pad(n)}`;
  const connector = (n: string): string => `'con_wide' || ${pad(n)}`;
  const numbers = (count: number): string =>
    writer.dialect === 'postgres'
      ? `generate_series(0, ${count - 1}) as numbers(n)`
      : `(with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n < ${count - 1}) select n from numbers) as numbers`;

  await writer.run(`insert into connectors (id, key, name, url, auth_type, credential_mode, header_names, protocol,
      reachability, discovery, oauth, tools_synced_at, sync_due_at, sync_failures, created_at, updated_at)
    select ${connector('n')}, 'wide' || ${pad('n')}, 'Wide connector ' || ${pad('n')}, url, 'oauth',
      case when n % 4 = 3 then 'shared' else 'per_agent' end, '[]', protocol,
      case when n % 100 = 50 then '{"reachable":false,"checkedAt":${now},"error":{"code":"upstream_unreachable","message":"The server does not answer.","at":${now}}}'
        else reachability end,
      '{"mode":"prm","issuer":"https://as' || n || '.example.com","resource":null,"resourceMetadataUrl":null,"scopesSupported":null,"challengedScope":null,"discoveredAt":${now}}',
      null, ${now}, ${now + HOUR_MS} + n, 0, ${now}, ${now}
    from connectors, ${numbers(connectors)} where id = '${like}'`);
  await writer.run(`insert into tools (connector_id, name, definition, digest, state, position, first_seen_at, changed_at)
    select ${connector('n')}, name, definition, digest, state, position, first_seen_at, changed_at
    from tools, ${numbers(connectors)} where connector_id = '${like}' and position < ${TOOLS_EACH}`);
  await writer.run(`insert into agents (id, name, enabled, created_at, updated_at)
    select ${agent('n')}, 'Wide agent ' || ${pad('n')}, 1, ${now}, ${now} from ${numbers(agents)}`);
  const real = Array.from({ length: Math.min(agents, 10_000) }, (_, number) => number);
  await writer.insert(
    'agent_keys',
    ['id', 'agent_id', 'hash', 'label', 'prefix', 'created_at'],
    real.map((n) => [`key_wide${String(n).padStart(8, '0')}`, agentIdOf(n), digest(keyOf(n)), '', 'chla_bench', now]),
  );
  if (agents > real.length)
    await writer.run(`insert into agent_keys (id, agent_id, hash, label, prefix, created_at)
      select 'key_wide' || ${pad('n')}, ${agent('n')}, 'hash ' || n, '', 'chla_bench', ${now}
      from ${numbers(agents)} where n >= ${real.length}`);
  // Agent a has its own credential at the connectors (a + j × step), with one tool of each.
  const step = Math.max(1, Math.floor(connectors / each));
  const at = `((n / ${each}) + (n % ${each}) * ${step}) % ${connectors}`;
  const pairs = `(select distinct n / ${each} as a, ${at} as c from ${numbers(agents * each)}) as pairs`;
  await writer.run(`insert into grants (agent_id, connector_id, tool_name)
    select ${agent('a')}, ${connector('c')}, (select min(name) from tools where connector_id = '${like}') from ${pairs}`);
  await writer.run(`insert into grants (agent_id, connector_id, tool_name)
    select ${agent('n')}, '${like}', 'echo' from ${numbers(agents)}`);
  await writer.run(`insert into credentials (id, connector_id, agent_id, owner, slot, kind, sealed, generation, issuer,
      scope, registration_kind, expires_at, refreshable, state, reason, state_at, set_at, refresh_failures, refresh_after)
    select 'crd_wide' || ${pad('a')} || '_' || ${pad('c')}, ${connector('c')},
      case when c % 4 = 3 then null else ${agent('a')} end, case when c % 4 = 3 then '' else ${agent('a')} end,
      'active', 'oauth', '${'x'.repeat(SEALED_CHARACTERS)}', 1, 'https://as' || c || '.example.com', 'read', 'dynamic',
      ${now + 2 * HOUR_MS} + (a * 7919 + c * 104729) % ${24 * HOUR_MS},
      case when (a / 7 + c) % 100 = 3 then 0 else 1 end,
      case when (a / 7 + c) % 100 = 1 then 'reauthorization_required' else 'ok' end,
      case when (a / 7 + c) % 100 in (1, 2) then 'the provider refuses it' else null end, ${now}, ${now},
      case when (a / 7 + c) % 100 = 2 then 3 else 0 end, case when (a / 7 + c) % 100 = 2 then ${now + HOUR_MS} else null end
    from ${pairs} where true on conflict do nothing`);
  await writer.run(`insert into calls (id, at, agent_id, key_id, connector_id, tool_name, method, generation, outcome,
      gateway_micros, upstream_micros, bytes_in, bytes_out, era)
    select '${firstIdAt('cal', now)}' || ${pad('n')}, ${now} - ${lines} + n, ${agent(`n % ${agents}`)}, 'key_wide' || ${pad(`n % ${agents}`)},
      ${connector(`n % ${connectors}`)}, 'echo', 'tools/call', 1, case when n % 50 = 0 then 'error' else 'ok' end,
      300, 20000, 200, 200, 'modern' from ${numbers(lines)}`);
  await writer.run(`insert into call_hours (hour, agent_id, connector_id, tool_name, measure, bucket, calls, errors)
    select ${Math.floor(now / HOUR_MS) * HOUR_MS} - (n % 24) * ${HOUR_MS}, ${agent(`n % ${agents}`)},
      ${connector(`n % ${connectors}`)}, 'echo', measure, 5, 1 + n % 7, 0
    from ${numbers(Math.min(agents * 3, LINES_MAX))}, (select 'gateway' as measure union all select 'upstream') as measures
    where true on conflict do nothing`);
  await writer.run(`insert into audit (id, at, actor, action, connector_id, agent_id, detail)
    select '${firstIdAt('aud', now)}' || ${pad('n')}, ${now} - ${lines} + n, 'system',
      case when n % 100 = 0 then 'connector.changed' else 'credential.refreshed' end,
      ${connector(`n % ${connectors}`)}, ${agent(`n % ${agents}`)}, '{"generation":2}' from ${numbers(lines)}`);
  return `${firstIdAt('cal', now)}${String(lines >> 1).padStart(8, '0')}`;
}

/** SHA-256 in base64url, as the hub keeps keys. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

// The secrets of a connector's own record after a change. What a change does not touch stays as it is
// sealed; what no longer opens stands in nobody's way and can be entered anew.

import { isChatelaineError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { OAuthInput } from './connector-input.ts';
import { invalid, mergeClient } from './connector-input.ts';
import type { HubContext } from './context.ts';
import { openHeaders, openManualClient, sealHeaders, sealManualClient } from './sealed-values.ts';

/**
 * The custom headers once `changes` (null removes) are applied.
 *
 * @throws invalid_request when values that stay do not open any more
 */
export async function headersAfter(
  context: HubContext,
  before: ConnectorRecord,
  moved: boolean,
  changes: ReadonlyMap<string, Secret | null>,
): Promise<Pick<ConnectorRecord, 'headerNames' | 'sealedHeaders'>> {
  if (!moved && changes.size === 0) return { headerNames: before.headerNames, sealedHeaders: before.sealedHeaders };
  const headers = moved ? new Map<string, Secret>() : await openKept(context, before, changes);
  for (const [name, value] of changes) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return {
    headerNames: [...headers.keys()].sort(),
    sealedHeaders: headers.size === 0 ? null : await sealHeaders(context.vault, headers, before.id),
  };
}

async function openKept(
  context: HubContext,
  before: ConnectorRecord,
  changes: ReadonlyMap<string, Secret | null>,
): Promise<Map<string, Secret>> {
  try {
    return await openHeaders(context.vault, before.sealedHeaders, before.id);
  } catch (error) {
    if (!isChatelaineError(error, 'secret_unreadable')) throw error;
    const [lost] = before.headerNames.filter((name) => !changes.has(name));
    if (lost === undefined) return new Map();
    throw invalid(
      `headers.${lost}`,
      'its stored value does not open with the present encryption keys; enter it again, or remove it with null.',
    );
  }
}

/** The client entered by hand after a change. @throws invalid_request, secret_unreadable */
export async function clientAfter(
  context: HubContext,
  before: ConnectorRecord,
  moved: boolean,
  input: OAuthInput | null | undefined,
): Promise<Pick<ConnectorRecord, 'sealedClient' | 'clientSetAt'>> {
  const kept = { sealedClient: before.sealedClient, clientSetAt: before.clientSetAt };
  if (!moved && (input === undefined || input === null)) return kept;
  const present = moved || before.sealedClient === null ? null : await openPresent(context, before, input);
  const client = mergeClient(present, input);
  if (client === null) return { sealedClient: null, clientSetAt: null };
  return {
    sealedClient: await sealManualClient(context.vault, client, before.id),
    clientSetAt: entersClient(input) ? context.now() : before.clientSetAt,
  };
}

async function openPresent(context: HubContext, before: ConnectorRecord, input: OAuthInput | null | undefined) {
  try {
    return await openManualClient(context.vault, before.sealedClient ?? '', before.id);
  } catch (error) {
    const replaced = input?.clientId === null || Boolean(input?.clientId?.trim());
    if (replaced && isChatelaineError(error, 'secret_unreadable')) return null;
    throw error;
  }
}

/** Whether a change enters a client, or another proof of one. */
export function entersClient(input: OAuthInput | null | undefined): boolean {
  return [input?.clientId, input?.clientSecret, input?.privateKey].some((value) => Boolean(value?.trim()));
}

// The legacy handshake as data: what `initialize` says and what its result means (MCP 2024-11-05 to
// 2025-11-25, "Lifecycle"). Who sends it over which transport is left to legacy-session.ts and http-sse.ts.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { ConnectionContext } from './connection.ts';
import type { JsonObject } from './json.ts';
import { isObject, nameField, stringField } from './json.ts';
import { isLegacy } from './revisions.ts';

export type Offer = {
  readonly version: string;
  /** The server may not counter with another version. */
  readonly isPinned: boolean;
};

/** What a server said in answer to `initialize`. */
export type Greeting = {
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
  readonly serverName: string | null;
  readonly serverVersion: string | null;
};

export function initializeParams(context: ConnectionContext, offer: Offer): Record<string, unknown> {
  return {
    protocolVersion: offer.version,
    capabilities: context.clientCapabilities,
    clientInfo: context.clientInfo,
  };
}

/** @throws upstream_invalid_response, protocol_version_unsupported */
export function readGreeting(result: JsonObject, offer: Offer): Greeting {
  const version = stringField(result, 'protocolVersion');
  if (version === null) {
    throw new ChatelaineError(
      'upstream_invalid_response',
      'The server answered initialize without naming a protocol version; it does not seem to be an MCP server.',
    );
  }
  if (!isLegacy(version) || (offer.isPinned && version !== offer.version)) {
    throw new ChatelaineError(
      'protocol_version_unsupported',
      `The server speaks MCP revision ${quoteForeign(version, 40)} where ${offer.version} was offered, and Chatelaine cannot go along.`,
    );
  }
  return {
    version,
    capabilities: isObject(result.capabilities) ? result.capabilities : {},
    instructions: stringField(result, 'instructions'),
    serverName: nameField(result.serverInfo, 'name'),
    serverVersion: nameField(result.serverInfo, 'version'),
  };
}

/** Whether the server promised to tell when its tool list changes. */
export function tellsToolChanges(capabilities: JsonObject): boolean {
  return isObject(capabilities.tools) && capabilities.tools.listChanged === true;
}

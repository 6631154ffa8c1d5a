// The headers of a request to a connector's server: the custom ones, and on top the credential's own.

import { ChatelaineError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { AuthType, ConnectorRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { openHeaders } from './sealed-values.ts';
import { checkReference, readSecret } from './secret-reference.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
// Visible ASCII with inner blanks: anything else could split a request or change on the way.
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const MAX_VALUE_CHARACTERS = 16 * 1024;

/** Headers that belong to the transport or the protocol; a custom one would break or subvert it. */
const RESERVED = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'origin',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Refuses a header name that cannot be sent or is not the operator's to set. @throws invalid_request naming `field` */
export function checkHeaderName(name: string, field: string): void {
  const lower = name.toLowerCase();
  if (!TOKEN.test(name)) {
    throw new ChatelaineError('invalid_request', `${field}: a header name has letters, digits and dashes only.`, {
      details: { field },
    });
  }
  if (RESERVED.has(lower) || lower.startsWith('mcp-param-')) {
    throw new ChatelaineError('invalid_request', `${field}: ${lower} belongs to the protocol and cannot be set.`, {
      details: { field },
    });
  }
}

/** A secret as it is kept: without the blanks of a careless paste. @throws invalid_request naming `field`, never the value */
export function cleanSecret(value: string, field: string): Secret {
  const secret = new Secret(value.trim());
  const text = secret.reveal();
  if (text === '') throw new ChatelaineError('invalid_request', `${field}: must not be blank.`, { details: { field } });
  if (text.length > MAX_VALUE_CHARACTERS) {
    throw new ChatelaineError(
      'invalid_request',
      `${field}: is longer than ${MAX_VALUE_CHARACTERS} characters, which no header carries.`,
      { details: { field } },
    );
  }
  if (!VALUE.test(text)) {
    throw new ChatelaineError(
      'invalid_request',
      `${field}: contains line breaks or characters that cannot be sent in a header.`,
      {
        details: { field },
      },
    );
  }
  checkReference(secret, field);
  return secret;
}

/** The custom headers of a connector, references resolved. @throws secret_unreadable, secret_reference_invalid */
export async function customHeaders(context: HubContext, connector: ConnectorRecord): Promise<Record<string, string>> {
  const stored = await openHeaders(context.vault, connector.sealedHeaders, connector.id);
  const headers: Record<string, string> = {};
  for (const [name, value] of stored) headers[name.toLowerCase()] = sendable(await readSecret(context, value));
  return headers;
}

/** The one header that carries a credential, for each kind of authentication. */
export function credentialHeader(
  authType: AuthType,
  headerName: string | null,
  secret: Secret,
): Record<string, string> {
  switch (authType) {
    case 'none':
      return {};
    case 'bearer':
    case 'oauth':
      return { authorization: `Bearer ${sendable(secret)}` };
    case 'api_key_header':
      return { [(headerName ?? '').toLowerCase()]: sendable(secret) };
  }
}

/** What a reference points at was never checked, and whoever refuses it later would quote it. */
function sendable(secret: Secret): string {
  if (VALUE.test(secret.reveal())) return secret.reveal();
  throw new ChatelaineError(
    'secret_reference_invalid',
    'A secret has several lines or characters that cannot be sent in a header; correct what its reference points at.',
  );
}

/** A pasted `Bearer xyz` means `xyz`. */
export function bearerToken(secret: Secret): Secret {
  return new Secret(secret.reveal().replace(/^bearer\s+/i, ''));
}

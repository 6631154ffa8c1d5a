// Judges an answer of the token endpoint (RFC 6749 sections 5.1 and 5.2). Answers are hostile until proven
// otherwise: nothing that could break a header, a log line or a clock gets through.

import { ChatelaineError } from '../errors.ts';
import { TOKEN_LIFETIME_MAX_SECONDS, TOKEN_MAX_CHARACTERS } from '../limits.ts';
import { Secret } from '../secret.ts';
import type { ForeignDocument } from './foreign-document.ts';
import { readDocument, valueMember } from './foreign-document.ts';
import { foreignDetails, foreignError, inItsWords, transientFault } from './oauth-fault.ts';
import { normalizeScope } from './scope.ts';
import type { TokenSet } from './types.ts';

const WHO = 'The token endpoint';
/** GitHub answers with codes of its own, and with status 200. */
const INVALID_GRANT: ReadonlySet<string> = new Set(['invalid_grant', 'bad_verification_code', 'bad_refresh_token']);
const CLIENT_REJECTED: ReadonlySet<string> = new Set([
  'invalid_client',
  'unauthorized_client',
  'incorrect_client_credentials',
]);

/**
 * The tokens in an answer.
 *
 * @param sent secrets of the request; a server that quotes them gets them blacked out of its error text
 * @throws invalid_grant: the code or refresh token is worth nothing any more
 * @throws client_rejected: the server does not know this client, or not for this
 * @throws token_request_failed: any other OAuth error, in `details.upstreamCode`
 * @throws upstream_http_error, upstream_rate_limited, upstream_invalid_response: nothing was decided
 * @see RFC 6749 section 5
 */
export async function processTokenResponse(response: Response, sent: readonly Secret[]): Promise<TokenSet> {
  const document = await readDocument(response);
  const error = foreignError(document, sent);
  if (!response.ok || error.code !== null) {
    const fault = transientFault(response, error.code, WHO);
    if (fault !== null) throw fault;
    throw new ChatelaineError(codeFor(error.code ?? ''), `${WHO} refused${inItsWords(error)}.`, {
      details: foreignDetails(error, response.status),
    });
  }
  if (document === null) throw unusable('is not JSON');
  const accessToken = valueMember(document, 'access_token', TOKEN_MAX_CHARACTERS);
  if (accessToken === null || accessToken.includes(' ')) throw unusable('has no access token that fits into a header');
  checkTokenType(document);
  return {
    accessToken: new Secret(accessToken),
    refreshToken: refreshToken(document),
    tokenType: 'Bearer',
    expiresInSeconds: expiresInSeconds(document.expires_in),
    scope: typeof document.scope === 'string' ? normalizeScope(document.scope) : null,
  };
}

function codeFor(error: string): 'invalid_grant' | 'client_rejected' | 'token_request_failed' {
  if (INVALID_GRANT.has(error)) return 'invalid_grant';
  return CLIENT_REJECTED.has(error) ? 'client_rejected' : 'token_request_failed';
}

/** A token bound to a key (RFC 9449) is useless without the key, and we never offered one. */
function checkTokenType(document: ForeignDocument): void {
  const type = valueMember(document, 'token_type')?.toLowerCase();
  if (type === undefined) throw unusable('does not say its token_type');
  if (type !== 'bearer') {
    throw new ChatelaineError(
      'token_request_failed',
      `${WHO} issued a token of a type other than Bearer, which Chatelaine does not use.`,
      {
        details: { upstreamCode: 'unsupported_token_type' },
      },
    );
  }
}

function refreshToken(document: ForeignDocument): Secret | null {
  const { refresh_token: value } = document;
  if (value === undefined || value === null || value === '') return null;
  const token = valueMember(document, 'refresh_token', TOKEN_MAX_CHARACTERS);
  if (token === null) throw unusable('has a refresh token that cannot be sent back');
  return new Secret(token);
}

/** Seconds; some servers send them as text. What is negative, endless or no number says nothing. */
function expiresInSeconds(value: unknown): number | null {
  const seconds = typeof value === 'string' && /^\d{1,12}(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= 0) || seconds > TOKEN_LIFETIME_MAX_SECONDS) return null;
  return Math.floor(seconds);
}

function unusable(what: string): ChatelaineError {
  return new ChatelaineError('upstream_invalid_response', `${WHO}'s answer ${what}.`);
}

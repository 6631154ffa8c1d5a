// Faults of the OAuth endpoints, put around an honest authorization server: refusals before it is asked, and changes
// to what it answered. Also the place where every secret that leaves is noted, for canary searches.
import type { Endpoint, Faults } from './faults.ts';
import type { Answer } from './http.ts';
import { jsonAnswer, jsonBody, notFound } from './http.ts';

/** Stands for any other party in the faults that name one. */
export const STRANGER = 'https://stranger.example';

const SECRET_MEMBERS = ['access_token', 'refresh_token', 'client_secret', 'registration_access_token', 'id_token'];

type OAuthRequest = {
  endpoint: Endpoint | undefined;
  query: URLSearchParams;
  body: string;
  /** What `scopes_supported` lists. */
  scopes: string[];
};

export async function withOAuthFaults(
  faults: Faults,
  secretsIssued: Set<string>,
  request: OAuthRequest,
  produce: () => Promise<Answer>,
): Promise<Answer> {
  const answer = refusal(faults, request) ?? changed(faults, request, await produce());
  noteSecrets(secretsIssued, answer);
  return answer;
}

function refusal(faults: Faults, { endpoint, query, body, scopes }: OAuthRequest): Answer | undefined {
  if (endpoint === 'registration' && faults.noRegistration) return notFound();
  if (endpoint === 'revocation' && faults.revocationFails) {
    return jsonAnswer(503, { error: 'temporarily_unavailable' }, { 'retry-after': '1' });
  }
  if (endpoint === 'token' && faults.forgetsClient) {
    return jsonAnswer(401, { error: 'invalid_client', error_description: 'client authentication failed' });
  }
  if (endpoint === 'authorization' && faults.strictScopes) {
    const unknown = query
      .get('scope')
      ?.split(' ')
      .find((scope) => scope !== '' && !scopes.includes(scope));
    if (unknown) return redirectError(query, { error: 'invalid_scope', error_description: `unknown scope ${unknown}` });
  }
  if (!faults.refusesResource) return undefined;
  const error = { error: 'invalid_target', error_description: 'resource indicators are not supported' };
  if (endpoint === 'token' && new URLSearchParams(body).has('resource')) return jsonAnswer(400, error);
  if (endpoint === 'authorization' && query.has('resource')) return redirectError(query, error);
  return undefined;
}

function redirectError(query: URLSearchParams, error: Record<string, string>): Answer {
  const target = new URL(query.get('redirect_uri') ?? 'http://missing.example');
  const state = query.get('state');
  for (const [name, value] of Object.entries({ ...error, ...(state ? { state } : {}) })) {
    target.searchParams.set(name, value);
  }
  return { status: 303, headers: { location: target.href }, body: Buffer.alloc(0) };
}

function changed(faults: Faults, request: OAuthRequest, answer: Answer): Answer {
  if (request.endpoint === 'token' && answer.status === 200) return changedTokens(faults, request, answer);
  const location = answer.headers.location;
  if (typeof location !== 'string' || !(faults.wrongIss || faults.missingIss)) return answer;
  const target = URL.parse(location);
  // Only the authorization response carries `iss`; redirects inside the provider do not.
  if (!target?.searchParams.has('iss')) return answer;
  if (faults.missingIss) target.searchParams.delete('iss');
  else target.searchParams.set('iss', typeof faults.wrongIss === 'string' ? faults.wrongIss : STRANGER);
  return { ...answer, headers: { ...answer.headers, location: target.href } };
}

function changedTokens(faults: Faults, { body }: OAuthRequest, answer: Answer): Answer {
  const tokens = jsonBody(answer);
  if (!tokens) return answer;
  const refreshing = new URLSearchParams(body).get('grant_type') === 'refresh_token';
  if (faults.noRefreshToken || (faults.keepsRefreshToken && refreshing)) delete tokens.refresh_token;
  if (faults.noExpiresIn) delete tokens.expires_in;
  return { ...answer, body: Buffer.from(JSON.stringify(tokens)) };
}

function noteSecrets(secretsIssued: Set<string>, answer: Answer): void {
  const body = jsonBody(answer);
  for (const member of SECRET_MEMBERS) {
    const value = body?.[member];
    if (typeof value === 'string') secretsIssued.add(value);
  }
  const location = answer.headers.location;
  const code = typeof location === 'string' ? URL.parse(location)?.searchParams.get('code') : undefined;
  if (code) secretsIssued.add(code);
}

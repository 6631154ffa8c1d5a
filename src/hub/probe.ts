// Looks at a server without saving anything: does it answer, which protocol, how does it want to be
// authenticated, would we be able to register, does it list its tools to strangers. It is what a person
// reads before connecting, and what chooses when they did not.

import { ChatelaineError } from '../errors.ts';
import { LEGACY_VERDICT_LIFETIME_MS, MODERN_VERDICT_LIFETIME_MS } from '../limits.ts';
import { isModern } from '../mcp/revisions.ts';
import { selectScope } from '../oauth/scope.ts';
import type { AuthType, DiscoveryRecord, ProtocolRecord, RegistrationKind } from '../store/records.ts';
import type { ConnectorInput } from './connector-input.ts';
import { checkUrl } from './connector-input.ts';
import type { HubContext } from './context.ts';
import { type Look, lookAtServer, type OAuthLook, type ProbeFinding, suggestedAuthType } from './server-look.ts';
import type { Recorder, TranscriptEntry } from './transcript.ts';
import { createRecorder } from './transcript.ts';

export type Probe = {
  readonly url: string;
  readonly reachable: boolean;
  /** HTTP status of the first refusal, where there was one. */
  readonly status: number | null;
  readonly protocol: { readonly version: string; readonly era: 'modern' | 'legacy'; readonly transport: string } | null;
  readonly serverName: string | null;
  readonly suggestedAuthType: AuthType | null;
  readonly resource: string | null;
  readonly issuer: string | null;
  readonly authorizationEndpoint: string | null;
  readonly registration: RegistrationKind | null;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** `yes` when a refresh token is likely: the server lists the grant or offline_access. */
  readonly refreshTokenLikely: boolean | null;
  readonly pkce: boolean | null;
  readonly listsWithoutCredential: boolean;
  readonly toolCount: number | null;
  readonly findings: readonly ProbeFinding[];
  readonly requests: readonly TranscriptEntry[];
};

export async function probe(
  context: HubContext,
  input: { url: string; headers?: Readonly<Record<string, string>> | undefined },
): Promise<Probe> {
  const url = checkUrl(context, input.url);
  const recorder = createRecorder(context, 'probe');
  const { look, oauth } = await lookAtServer(context, url, input.headers, recorder);
  return assemble(context, url, look, oauth, recorder);
}

export type Suggestion = {
  readonly authType: AuthType;
  readonly listsWithoutCredential: boolean;
  readonly discovery: DiscoveryRecord | null;
  readonly protocol: ProtocolRecord | null;
  /** What was asked and answered, to be saved once there is a connector to save it with. */
  readonly recorder: Recorder | null;
};

/**
 * Chooses the kind of authentication for a connector that was made without one.
 *
 * @throws why the server could not be looked at; address_refused
 */
export async function suggestAuthentication(
  context: HubContext,
  url: string,
  input: ConnectorInput,
): Promise<Suggestion> {
  // A secret or a header name says it; the server need not be asked.
  if (input.headerName || (input.secret ?? '').trim() !== '') {
    const authType = input.headerName ? 'api_key_header' : 'bearer';
    return { authType, listsWithoutCredential: false, discovery: null, protocol: null, recorder: null };
  }
  const recorder = createRecorder(context, 'probe');
  const { look, oauth } = await lookAtServer(context, url, input.headers, recorder);
  if (!look.reachable) throw unseen(look);
  const authType = suggestedAuthType(look, oauth, input);
  const now = context.now();
  return {
    authType,
    recorder,
    listsWithoutCredential: look.tools !== null,
    discovery: oauth?.discovery ?? null,
    protocol:
      look.protocol === null
        ? null
        : {
            ...look.protocol,
            expiresAt:
              now + (isModern(look.protocol.version) ? MODERN_VERDICT_LIFETIME_MS : LEGACY_VERDICT_LIFETIME_MS),
          },
  };
}

/** A server that could not be looked at says nothing of how it wants to be authenticated. */
function unseen(look: Look): ChatelaineError {
  const { code, message } = look.fault ?? {
    code: 'upstream_http_error' as const,
    message: `The server answered HTTP ${look.status}.`,
  };
  return new ChatelaineError(code, `${message} Say authType to add it all the same.`, {
    details: { field: 'authType' },
  });
}

function assemble(context: HubContext, url: string, look: Look, oauth: OAuthLook | null, recorder: Recorder): Probe {
  const server = oauth?.server ?? null;
  const scope = oauth?.discovery
    ? selectScope({
        manual: null,
        challenged: oauth.discovery.challengedScope,
        scopesSupported: oauth.discovery.scopesSupported,
        allowList: null,
        offlineAccess: true,
        serverScopes: server?.scopes_supported ?? null,
      })
    : null;
  const likely =
    server === null
      ? null
      : (server.grant_types_supported?.includes('refresh_token') ?? false) ||
        (server.scopes_supported?.includes('offline_access') ?? false);
  const findings: ProbeFinding[] = [...(oauth?.findings ?? [])];
  if (look.fault !== null) findings.unshift({ severity: 'error', ...look.fault });
  if (oauth?.absent && look.status === 401) {
    findings.push({
      severity: 'warning',
      code: 'oauth_not_supported',
      message: 'No OAuth here: enter a bearer token or an API key.',
    });
  }
  if (likely === false) {
    findings.push({
      severity: 'warning',
      code: 'refresh_unlikely',
      message:
        'The authorization server does not list refresh tokens: people may have to sign in again when the access token expires.',
    });
  }
  return {
    url,
    reachable: look.reachable,
    status: look.status,
    protocol:
      look.protocol === null
        ? null
        : {
            version: look.protocol.version,
            era: isModern(look.protocol.version) ? 'modern' : 'legacy',
            transport: look.protocol.transport,
          },
    serverName: look.protocol?.serverName ?? null,
    suggestedAuthType: look.reachable ? suggestedAuthType(look, oauth, null) : null,
    resource: oauth?.discovery?.resource ?? null,
    issuer: oauth?.discovery?.issuer ?? null,
    authorizationEndpoint: server?.authorization_endpoint ?? null,
    registration: oauth?.registration ?? null,
    redirectUri: context.redirectUri,
    scopes: scope?.split(' ') ?? [],
    refreshTokenLikely: likely,
    pkce: server === null ? null : (server.code_challenge_methods_supported?.includes('S256') ?? false),
    listsWithoutCredential: look.tools !== null,
    toolCount: look.tools?.length ?? null,
    findings,
    requests: recorder.entries,
  };
}

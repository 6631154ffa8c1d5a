// The identity provider: what it publishes, the address that a browser is sent to, and what a code is worth. Every
// request goes through the guarded fetch; discovery is read when it is needed, so a provider that was down at the
// start is found as soon as it is there.

import * as oauth from 'oauth4webapi';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import { OPENID_METADATA_MS } from '../limits.ts';
import type { FetchLike, Outbound } from '../outbound.ts';
import type { Secret } from '../secret.ts';
import type { Role } from './role.ts';

const SCOPE = 'openid email profile';

export type OpenIdSettings = {
  readonly issuer: string;
  readonly clientId: string;
  /** null for a public client. */
  readonly clientSecret: Secret | null;
  /** On the button. */
  readonly name: string;
  /** Of whoever comes without an invitation; null admits only people who are known or invited. */
  readonly defaultRole: Role | null;
  /** Domains of e-mail addresses from which people may come without an invitation; empty for any. */
  readonly allowedDomains: readonly string[];
};

/** What belongs together from the click to the way back; kept by the browser in a cookie of its own. */
export type OpenIdFlow = { readonly state: string; readonly nonce: string; readonly verifier: string };

export type OpenIdPerson = {
  readonly subject: string;
  readonly email: string | null;
  /** null where the provider does not say. */
  readonly emailVerified: boolean | null;
  readonly name: string | null;
};

export type OpenIdProvider = {
  readonly settings: OpenIdSettings;
  begin(redirectUri: string): Promise<{ readonly url: string; readonly flow: OpenIdFlow }>;
  /** @throws authorization_denied, authorization_response_invalid, token_request_failed, metadata_invalid */
  finish(answer: URLSearchParams, flow: OpenIdFlow, redirectUri: string): Promise<OpenIdPerson>;
};

export function createOpenIdProvider(settings: OpenIdSettings, outbound: Outbound, now: () => number): OpenIdProvider {
  // ID tokens are judged by the clock that decides everything else, not by this machine's.
  const client: oauth.Client = {
    client_id: settings.clientId,
    get [oauth.clockSkew]() {
      return Math.round((now() - Date.now()) / 1000);
    },
  };
  let known: { readonly server: oauth.AuthorizationServer; readonly readAt: number } | null = null;

  const serverOf = async (): Promise<oauth.AuthorizationServer> => {
    if (known !== null && now() - known.readAt < OPENID_METADATA_MS) return known.server;
    const issuer = new URL(settings.issuer);
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...optionsOf(outbound.metadata) });
    const server = await judged(() => oauth.processDiscoveryResponse(issuer, response), 'metadata_invalid');
    checkEndpoints(server, issuer);
    known = { server, readAt: now() };
    return server;
  };

  return {
    settings,
    async begin(redirectUri) {
      const server = await serverOf();
      if (server.authorization_endpoint === undefined) throw incomplete('authorization endpoint');
      const flow = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        verifier: oauth.generateRandomCodeVerifier(),
      };
      const url = new URL(server.authorization_endpoint);
      const parameters = {
        response_type: 'code',
        client_id: settings.clientId,
        redirect_uri: redirectUri,
        scope: SCOPE,
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return { url: url.href, flow };
    },

    async finish(answer, flow, redirectUri) {
      const server = await serverOf();
      if (server.jwks_uri === undefined) throw incomplete('key set');
      const parameters = await judged(
        () => oauth.validateAuthResponse(server, client, answer, flow.state),
        'authorization_response_invalid',
      );
      const proof = proofOf(server, settings.clientSecret);
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        proof,
        parameters,
        redirectUri,
        flow.verifier,
        optionsOf(outbound.oauth),
      );
      const checks = { expectedNonce: flow.nonce, requireIdToken: true };
      const tokens = await judged(
        () => oauth.processAuthorizationCodeResponse(server, client, response, checks),
        'token_request_failed',
      );
      await judged(
        () => oauth.validateApplicationLevelSignature(server, response, optionsOf(outbound.metadata)),
        'token_request_failed',
      );
      const claims = oauth.getValidatedIdTokenClaims(tokens);
      if (claims === undefined) throw new ChatelaineError('token_request_failed', 'The provider sent no ID token.');
      if (typeof claims.email === 'string' || server.userinfo_endpoint === undefined) return personOf(claims);
      const told = await oauth.userInfoRequest(server, client, tokens.access_token, optionsOf(outbound.metadata));
      const info = await judged(
        () => oauth.processUserInfoResponse(server, client, claims.sub, told),
        'token_request_failed',
      );
      return personOf({ ...info, sub: claims.sub });
    },
  };
}

function optionsOf(fetch: FetchLike) {
  return {
    [oauth.customFetch]: (url: string, init: { headers: Record<string, string> }) => {
      // The library signs its requests; the guarded fetch says who we are.
      const { 'user-agent': _, ...headers } = init.headers;
      return fetch(url, { ...init, headers });
    },
    // The guarded fetch knows which hosts may be spoken to in plain text.
    [oauth.allowInsecureRequests]: true,
  };
}

/** `client_secret_basic` unless the provider lists methods and not that one (RFC 8414 section 2). */
function proofOf(server: oauth.AuthorizationServer, secret: Secret | null): oauth.ClientAuth {
  if (secret === null) return oauth.None();
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const basic = methods.includes('client_secret_basic') || !methods.includes('client_secret_post');
  return basic ? oauth.ClientSecretBasic(secret.reveal()) : oauth.ClientSecretPost(secret.reveal());
}

/** What the library refuses, in the words of the hub; its own words may hold what an attacker wrote. */
async function judged<T>(
  check: () => T | Promise<T>,
  code: 'metadata_invalid' | 'authorization_response_invalid' | 'token_request_failed',
): Promise<T> {
  try {
    return await check();
  } catch (cause) {
    if (cause instanceof ChatelaineError) throw cause;
    if (cause instanceof oauth.AuthorizationResponseError && cause.error === 'access_denied')
      throw new ChatelaineError('authorization_denied', 'The sign-in was declined at the identity provider.', {
        cause,
      });
    const said = cause instanceof oauth.ResponseBodyError ? ` It said ${quoteForeign(cause.error)}.` : '';
    throw new ChatelaineError(code, `${FAILURES[code]}${said}`, { cause });
  }
}

const FAILURES = {
  metadata_invalid: 'What the identity provider publishes about itself is not valid; check CHATELAINE_OIDC_ISSUER.',
  authorization_response_invalid: 'The answer of the identity provider does not belong to this sign-in; try again.',
  token_request_failed: 'The identity provider did not confirm the sign-in; check the client id and secret.',
};

/** @throws metadata_invalid for an endpoint that no browser or request may be sent to */
function checkEndpoints(server: oauth.AuthorizationServer, issuer: URL): void {
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const) {
    const value: unknown = server[name];
    if (value === undefined) continue;
    const url = typeof value === 'string' ? URL.parse(value) : null;
    // Plain http only where the issuer itself was allowed to speak it.
    const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && issuer.protocol === 'http:');
    if (url !== null && isWeb && url.username === '' && url.password === '') continue;
    throw new ChatelaineError('metadata_invalid', `The ${name} of the identity provider is no address to be sent to.`);
  }
}

function incomplete(what: string): ChatelaineError {
  return new ChatelaineError('metadata_invalid', `The identity provider publishes no ${what}.`);
}

function personOf(claims: Readonly<Record<string, unknown>> & { readonly sub: string }): OpenIdPerson {
  const { sub, email, email_verified: verified, name } = claims;
  const mail = isText(email) && email.includes('@') ? email.toLowerCase() : null;
  // Some providers send the flag as text.
  const flag = verified === true || verified === 'true' ? true : verified === undefined ? null : false;
  return {
    subject: sub,
    email: mail,
    emailVerified: flag,
    name: isText(name) && name.trim() !== '' ? name.trim().slice(0, 100).toWellFormed() : null,
  };
}

/** Without control characters, of which not every database takes all. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !/[\p{Cc}\p{Cs}]/u.test(value);
}

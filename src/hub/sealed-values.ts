// What is inside the sealed columns, and the context each is bound to. A ciphertext opens only in the
// record, field and (for OAuth) the issuer and resource that it was made for.

import { ChatelaineError } from '../errors.ts';
import type { OAuthClient, TokenSet } from '../oauth/types.ts';
import { Secret } from '../secret.ts';
import type {
  CallCaptureRecord,
  CredentialRecord,
  FlowRecord,
  RegistrationRecord,
  TokenEndpointAuthMethod,
} from '../store/records.ts';
import type { SealContext, Vault } from '../vault/seal.ts';
import type { CapturedText } from './redact.ts';

/** Which client a token was issued to: the one entered by hand on the connector, or this very one. */
export type TokenClient =
  | { readonly source: 'connector' }
  | {
      readonly source: 'inline';
      readonly clientId: string;
      readonly authMethod: TokenEndpointAuthMethod;
      readonly clientSecret: Secret | null;
    };

export type StoredTokens = Pick<TokenSet, 'accessToken' | 'refreshToken' | 'tokenType'> & {
  readonly client: TokenClient;
};

export type ManualClient = {
  readonly clientId: string;
  readonly clientSecret: Secret | null;
  readonly privateKey: { readonly pem: Secret; readonly algorithm: string; readonly keyId: string | null } | null;
};

/** What the call log keeps of a call, where its connector wants that; null for what there was not. */
export type CapturedCall = { readonly arguments: CapturedText | null; readonly result: CapturedText | null };

type Json = Record<string, unknown>;

/** A field that must be there: one that is not is never read as the word "undefined". */
function text(value: Json, field: string): string {
  const found = value[field];
  if (typeof found === 'string' && found !== '') return found;
  throw new ChatelaineError('secret_unreadable', `A stored secret lacks its ${field}; enter it or connect again.`);
}

const hidden = (value: Secret | null): string | null => value?.reveal() ?? null;
const secretOf = (value: unknown): Secret | null =>
  typeof value === 'string' && value !== '' ? new Secret(value) : null;

function plainClient(client: TokenClient): Json {
  return client.source === 'connector' ? client : { ...client, clientSecret: hidden(client.clientSecret) };
}

function readClient(client: Json): TokenClient {
  if (client.source === 'connector') return { source: 'connector' };
  return {
    source: 'inline',
    clientId: text(client, 'clientId'),
    authMethod: client.authMethod as TokenEndpointAuthMethod,
    clientSecret: secretOf(client.clientSecret),
  };
}

async function seal(vault: Vault, value: Json, context: SealContext): Promise<string> {
  return vault.seal(new Secret(JSON.stringify(value)), context);
}

async function open(vault: Vault, ciphertext: string, context: SealContext): Promise<Json> {
  const text = await vault.open(ciphertext, context);
  try {
    return JSON.parse(text.reveal()) as Json;
  } catch (cause) {
    throw new ChatelaineError(
      'secret_unreadable',
      'A stored secret opened but is not what was written; enter it again.',
      { cause },
    );
  }
}

const credentialContext = (credential: Pick<CredentialRecord, 'id' | 'issuer' | 'resource'>): SealContext => ({
  kind: 'credential.secret',
  id: credential.id,
  issuer: credential.issuer,
  resource: credential.resource,
});

export const sealStatic = (vault: Vault, secret: Secret, id: string): Promise<string> =>
  seal(vault, { secret: secret.reveal() }, credentialContext({ id, issuer: null, resource: null }));

export async function openStatic(vault: Vault, credential: CredentialRecord): Promise<Secret> {
  const value = await open(vault, credential.sealed, credentialContext(credential));
  return new Secret(text(value, 'secret'));
}

export function sealTokens(
  vault: Vault,
  tokens: StoredTokens,
  credential: Pick<CredentialRecord, 'id' | 'issuer' | 'resource'>,
): Promise<string> {
  return seal(
    vault,
    {
      accessToken: tokens.accessToken.reveal(),
      refreshToken: hidden(tokens.refreshToken),
      tokenType: tokens.tokenType,
      client: plainClient(tokens.client),
    },
    credentialContext(credential),
  );
}

export async function openTokens(vault: Vault, credential: CredentialRecord): Promise<StoredTokens> {
  const value = await open(vault, credential.sealed, credentialContext(credential));
  return {
    accessToken: new Secret(text(value, 'accessToken')),
    refreshToken: secretOf(value.refreshToken),
    tokenType: value.tokenType === 'DPoP' ? 'DPoP' : 'Bearer',
    client: readClient(value.client as Json),
  };
}

const headersContext = (connectorId: string): SealContext => ({ kind: 'connector.headers', id: connectorId });

export async function sealHeaders(
  vault: Vault,
  headers: ReadonlyMap<string, Secret>,
  connectorId: string,
): Promise<string> {
  const plain = Object.fromEntries([...headers].map(([name, value]) => [name, value.reveal()]));
  return seal(vault, plain, headersContext(connectorId));
}

export async function openHeaders(
  vault: Vault,
  sealed: string | null,
  connectorId: string,
): Promise<Map<string, Secret>> {
  if (sealed === null) return new Map();
  const value = await open(vault, sealed, headersContext(connectorId));
  return new Map(Object.entries(value).map((entry) => [entry[0], new Secret(text(value, entry[0]))]));
}

const clientContext = (connectorId: string): SealContext => ({ kind: 'connector.client', id: connectorId });

export function sealManualClient(vault: Vault, client: ManualClient, connectorId: string): Promise<string> {
  const key = client.privateKey;
  return seal(
    vault,
    {
      clientId: client.clientId,
      clientSecret: hidden(client.clientSecret),
      privateKey: key === null ? null : { pem: key.pem.reveal(), algorithm: key.algorithm, keyId: key.keyId },
    },
    clientContext(connectorId),
  );
}

export async function openManualClient(vault: Vault, sealed: string, connectorId: string): Promise<ManualClient> {
  const value = await open(vault, sealed, clientContext(connectorId));
  const key = value.privateKey as Json | null;
  return {
    clientId: text(value, 'clientId'),
    clientSecret: secretOf(value.clientSecret),
    privateKey:
      key === null
        ? null
        : {
            pem: new Secret(text(key, 'pem')),
            algorithm: text(key, 'algorithm'),
            keyId: typeof key.keyId === 'string' ? key.keyId : null,
          },
  };
}

export type RegistrationSecrets = {
  readonly clientId: string;
  readonly clientSecret: Secret | null;
  readonly registrationAccessToken: Secret | null;
  readonly registrationClientUri: string | null;
};

const registrationContext = (registration: Pick<RegistrationRecord, 'id' | 'issuer'>): SealContext => ({
  kind: 'registration.client',
  id: registration.id,
  issuer: registration.issuer,
});

export function sealRegistration(
  vault: Vault,
  secrets: RegistrationSecrets,
  registration: Pick<RegistrationRecord, 'id' | 'issuer'>,
): Promise<string> {
  return seal(
    vault,
    {
      clientId: secrets.clientId,
      clientSecret: hidden(secrets.clientSecret),
      registrationAccessToken: hidden(secrets.registrationAccessToken),
      registrationClientUri: secrets.registrationClientUri,
    },
    registrationContext(registration),
  );
}

export async function openRegistration(vault: Vault, registration: RegistrationRecord): Promise<RegistrationSecrets> {
  const value = await open(vault, registration.sealed, registrationContext(registration));
  return {
    clientId: text(value, 'clientId'),
    clientSecret: secretOf(value.clientSecret),
    registrationAccessToken: secretOf(value.registrationAccessToken),
    registrationClientUri: typeof value.registrationClientUri === 'string' ? value.registrationClientUri : null,
  };
}

export type FlowSecrets = {
  readonly verifier: Secret;
  readonly codeChallenge: string;
  readonly client: TokenClient;
  /** For which server the sign-in was begun. */
  readonly serverUrl: string;
};

const flowContext = (flow: Pick<FlowRecord, 'id' | 'issuer' | 'resource'>): SealContext => ({
  kind: 'flow.secrets',
  id: flow.id,
  issuer: flow.issuer,
  resource: flow.resource,
});

export function sealFlow(
  vault: Vault,
  secrets: FlowSecrets,
  flow: Pick<FlowRecord, 'id' | 'issuer' | 'resource'>,
): Promise<string> {
  return seal(
    vault,
    {
      verifier: secrets.verifier.reveal(),
      codeChallenge: secrets.codeChallenge,
      client: plainClient(secrets.client),
      serverUrl: secrets.serverUrl,
    },
    flowContext(flow),
  );
}

export async function openFlow(vault: Vault, flow: FlowRecord): Promise<FlowSecrets> {
  const value = await open(vault, flow.sealed, flowContext(flow));
  return {
    verifier: new Secret(text(value, 'verifier')),
    codeChallenge: text(value, 'codeChallenge'),
    client: readClient(value.client as Json),
    serverUrl: text(value, 'serverUrl'),
  };
}

const captureContext = (callId: string): SealContext => ({ kind: 'call.capture', id: callId });

export const sealCapture = (vault: Pick<Vault, 'seal'>, capture: CapturedCall, callId: string): Promise<string> =>
  vault.seal(new Secret(JSON.stringify(capture)), captureContext(callId));

export async function openCapture(vault: Vault, { id, sealed }: CallCaptureRecord): Promise<CapturedCall> {
  return (await open(vault, sealed, captureContext(id))) as CapturedCall;
}

/** The OAuth client of an inline token client. */
export function inlineClient(client: Extract<TokenClient, { source: 'inline' }>): OAuthClient {
  return {
    clientId: client.clientId,
    authMethod: client.authMethod,
    ...(client.clientSecret === null ? {} : { clientSecret: client.clientSecret }),
  };
}

// A stand-in MCP server of one revision, behind any kind of credential. It keeps whose credential every message
// carried, so that a test can prove that it was never another's.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { legacyFace } from './legacy.ts';
import { modernFace } from './modern.ts';
import type { Authorization } from './oauth.ts';
import { createAuthorization, type TokenRequest } from './oauth.ts';
import type { Held } from './tools.ts';

export const REVISIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
export type Revision = (typeof REVISIONS)[number];
export type Auth = 'none' | 'bearer' | 'api_key_header' | 'oauth';
export const API_KEY_HEADER = 'X-Stand-In-Key';
/** Whoever calls a server that asks for no credential. */
export const NOBODY = 'nobody';

export type Heard = {
  readonly account: string;
  readonly http: string;
  readonly method: string | null;
  readonly id: string | number | null;
  readonly params: any;
  readonly session: string | null;
  /** The credential as it came. */
  readonly credential: string | null;
};

export type FaceOptions = { revision: Revision; answers: 'json' | 'sse' | 'auto'; held: Held };
export type Face = {
  handle(request: IncomingMessage, response: ServerResponse, body: any, account: string): Promise<void>;
  /** Tells the subscribers of this account that its note changed. */
  noteChanged(account: string): Promise<void>;
  /** Ends every session; it can be used again. */
  close(): Promise<void>;
};

export type StandIn = Pick<Face, 'noteChanged'> & {
  readonly url: string;
  readonly auth: Auth;
  /** Every message that was let in, oldest first. */
  readonly heard: Heard[];
  readonly held: Held;
  readonly secrets: Set<string>;
  /** What was presented at the token endpoint, oldest first; empty without OAuth. */
  readonly tokenRequests: readonly TokenRequest[];
  /** Who consents next, with OAuth. */
  readonly signIn: { account: string };
  /** A new credential of this account; older ones stay good. */
  issue(account: string): string;
  revoke(credential: string): void;
  /** The server is down, its sessions are lost; what it issued stays good. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
};

export type StandInOptions = {
  auth?: Auth;
  answers?: FaceOptions['answers'];
  /** Lifetime of access tokens; they are not refused afterwards. */
  tokenSeconds?: number;
  /** What is done with each message instead of keeping it. */
  hear?: (heard: Heard, all: Heard[]) => void;
  /** Address to listen on. */
  host?: string;
};

export async function startStandIn(
  revision: Revision,
  {
    auth = 'none',
    answers = 'auto',
    tokenSeconds = 3600,
    hear = (heard, all) => void all.push(heard),
    host = '127.0.0.1',
  }: StandInOptions = {},
): Promise<StandIn> {
  const accounts = new Map<string, string>();
  const heard: Heard[] = [];
  const held: Held = { waiting: new Map(), cancelled: new Set() };
  const secrets = new Set<string>();
  const signIn = { account: NOBODY };
  const issue = (account: string): string => {
    const credential = `standin_${randomBytes(18).toString('hex')}`;
    accounts.set(credential, account);
    secrets.add(credential);
    return credential;
  };
  const options = { revision, answers, held };
  const face = revision === '2026-07-28' ? modernFace(options) : legacyFace(options);
  let authorization: Authorization | null = null;

  const server = createServer(async (request, response) => {
    const text = await textOf(request);
    if (authorization?.handle(request, response, text) === true) return;
    if (!/^\/mcp(?:\/messages)?(?:\?|$)/.test(request.url ?? '')) return void response.writeHead(404).end();
    const credential = credentialIn(request, auth);
    const account = auth === 'none' ? NOBODY : accounts.get(credential ?? '');
    if (account === undefined) {
      const pointer = authorization === null ? '' : ` resource_metadata="${authorization.metadataUrl}"`;
      return void response.writeHead(401, { 'www-authenticate': `Bearer${pointer}` }).end();
    }
    const body = text === '' ? undefined : JSON.parse(text);
    for (const message of [body].flat()) hear(heardOf(request, message, account, credential), heard);
    await face.handle(request, response, body, account);
  });
  // Else it would close a connection at the very moment when a slow machine begins to use it again.
  server.keepAliveTimeout = 0;
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, host, resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const origin = `http://${host}:${port}`;
  const tokenRequests: TokenRequest[] = [];
  const goAway = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    for (const letGo of held.waiting.values()) letGo();
    await face.close();
    await closed;
  };
  if (auth === 'oauth') authorization = createAuthorization(origin, signIn, issue, { tokenSeconds, tokenRequests });

  return {
    url: `${origin}/mcp`,
    auth,
    heard,
    held,
    secrets,
    tokenRequests,
    signIn,
    issue,
    revoke: (credential) => void accounts.delete(credential),
    noteChanged: face.noteChanged,
    goAway,
    comeBack: () => listen(port),
    close: goAway,
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function credentialIn({ headers }: IncomingMessage, auth: Auth): string | null {
  if (auth === 'api_key_header') return (headers[API_KEY_HEADER.toLowerCase()] as string | undefined) ?? null;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}

function heardOf(request: IncomingMessage, message: any, account: string, credential: string | null): Heard {
  return {
    account,
    http: request.method ?? '',
    method: message?.method ?? null,
    id: message?.id ?? null,
    params: message?.params,
    session: sessionIn(request),
    credential,
  };
}

/** In the header, or with HTTP and SSE in the URL. */
function sessionIn({ headers, url = '/' }: IncomingMessage): string | null {
  const inHeader = headers['mcp-session-id'] as string | undefined;
  return inHeader ?? new URL(url, 'http://stand-in.test').searchParams.get('sessionId');
}

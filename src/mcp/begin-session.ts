// The handshake of a legacy session alone (MCP 2025-03-26 to 2025-11-25, "Lifecycle"), for whoever passes the
// session's later messages through unread. Sessions that Chatelaine itself speaks in are legacy-session.ts's.

import { ChatelaineError } from '../errors.ts';
import { MCP_ANSWER_MAX_BYTES } from '../limits.ts';
import type { FetchLike } from '../outbound.ts';
import { legacyPost } from './build-request.ts';
import { brokenOff, resultOf } from './connection.ts';
import { asFault, discardBody } from './fault.ts';
import type { Greeting } from './handshake.ts';
import { readGreeting } from './handshake.ts';
import { isVisibleAscii } from './header-value.ts';
import { readAnswer } from './read-answer.ts';
import { readRefusal } from './refusal.ts';
import { startOfStream } from './sse.ts';

/** No agent numbers its requests like this, so that it never meets another of the session. */
const INITIALIZE_ID = 'chatelaine-initialize';

export type SessionOffer = {
  readonly version: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly clientInfo: Readonly<Record<string, unknown>>;
};

export type BegunSession = {
  readonly greeting: Greeting;
  /** null: the server keeps no session. */
  readonly sessionId: string | null;
};

/**
 * Begins a session in the name of somebody else.
 *
 * @throws UpstreamStatusError, RpcError, protocol_version_unsupported, upstream_* faults
 */
export async function beginSession(
  server: { readonly url: string; readonly fetch: FetchLike; readonly headers: Readonly<Record<string, string>> },
  { version, capabilities, clientInfo }: SessionOffer,
  signal: AbortSignal | undefined,
): Promise<BegunSession> {
  const params = { protocolVersion: version, capabilities, clientInfo };
  const send = (session: { version: string | null; sessionId: string | null }, message: Record<string, unknown>) =>
    server.fetch(server.url, { ...legacyPost(server.headers, session, message), signal: signal ?? null });
  try {
    const hello = { id: INITIALIZE_ID, method: 'initialize', params };
    const response = await send({ version: null, sessionId: null }, hello);
    if (!response.ok) throw (await readRefusal(response, INITIALIZE_ID)).error;
    const sessionId = response.headers.get('mcp-session-id');
    if (sessionId !== null && !isVisibleAscii(sessionId)) {
      await discardBody(response);
      throw new ChatelaineError('upstream_invalid_response', 'The server gave a session id that is not visible ASCII.');
    }
    const reading = {
      id: INITIALIZE_ID,
      maxBytes: MCP_ANSWER_MAX_BYTES,
      onMessage: () => undefined,
      position: startOfStream(),
    };
    const answer = await readAnswer(response, reading);
    if (answer === null) throw brokenOff();
    const greeting = readGreeting(resultOf(answer), { version, isPinned: false });
    const session = { version: greeting.version, sessionId };
    await discardBody(await send(session, { method: 'notifications/initialized' }));
    return { greeting, sessionId };
  } catch (error) {
    throw asFault(error, signal);
  }
}

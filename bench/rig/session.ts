// A session of the legacy era: opened before the load, ended after it.

import type { Pool } from 'undici';
import { newCallId } from './drive.ts';
import { findReply, initializeText } from './messages.ts';

export type Headers = Readonly<Record<string, string>>;

/** The headers that belong to a fresh session. @throws when there is none to be had */
export async function openSession(pool: Pool, path: string, base: Headers): Promise<Headers> {
  const post = async (body: string, more: Headers) => {
    const answer = await pool.request({ method: 'POST', path, headers: { ...base, ...more }, body });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  };
  const id = newCallId();
  const { status, headers, text } = await post(initializeText(id), {});
  const reply = status === 200 ? findReply(text, String(headers['content-type'] ?? ''), id) : undefined;
  if (reply?.result === undefined) {
    throw new Error(`initialize failed: ${status} ${text.slice(0, 200)}`);
  }
  const session: Headers = {
    'mcp-protocol-version': String(reply.result.protocolVersion),
    ...(headers['mcp-session-id'] === undefined ? {} : { 'mcp-session-id': String(headers['mcp-session-id']) }),
  };
  await post('{"jsonrpc":"2.0","method":"notifications/initialized"}', session);
  return session;
}

export async function endSession(pool: Pool, path: string, headers: Headers): Promise<void> {
  await pool
    .request({ method: 'DELETE', path, headers: { ...headers } })
    .then((answer) => answer.body.dump())
    .catch(() => undefined);
}

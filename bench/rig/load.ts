// The load: tools/call over HTTP, so many in flight for so long. Every reply's status and length are looked at;
// every 32nd reply is parsed and its id, nonce and whole text compared, so that a gateway that answers from a
// cache, mixes replies up or cuts them short shows as errors and not as speed.

import { Pool } from 'undici';
import { type DriveOptions, drive, type Issue } from './drive.ts';
import type { Era } from './messages.ts';
import { callText, findReply, isRightReply, MODERN_REVISION } from './messages.ts';
import type { LoadFigures } from './recorder.ts';
import { endSession, type Headers, openSession } from './session.ts';

const VERIFY_EVERY = 32;
const TIMEOUT_MS = 60_000;

export type LoadOptions = DriveOptions & {
  readonly url: string;
  readonly era: Era;
  readonly sizeBytes: number;
  readonly tool: string;
  /** Null sends none. A function is asked for each call: many agents, of the modern era only. */
  readonly authorization: string | null | (() => string);
  readonly verifyEvery?: number | undefined;
};

/** @throws when a session cannot be opened */
export async function runLoad(options: LoadOptions): Promise<LoadFigures> {
  const { era, tool, authorization, inFlight } = options;
  const url = new URL(options.url);
  const path = `${url.pathname}${url.search}`;
  const pool = new Pool(url.origin, {
    connections: inFlight,
    pipelining: 1,
    keepAliveTimeout: TIMEOUT_MS,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  const base: Headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(typeof authorization === 'string' ? { authorization } : {}),
  };
  try {
    if (era === 'legacy') {
      const headers = { ...base, ...(await openSession(pool, path, base)) };
      const figures = await drive(
        options,
        issueOn(pool, path, () => headers, options),
      );
      await endSession(pool, path, headers);
      return figures;
    }
    const fixed = { ...base, 'mcp-protocol-version': MODERN_REVISION, 'mcp-method': 'tools/call', 'mcp-name': tool };
    const headersOf =
      typeof authorization === 'function' ? () => ({ ...fixed, authorization: authorization() }) : () => fixed;
    return await drive(options, issueOn(pool, path, headersOf, options));
  } finally {
    await pool.destroy();
  }
}

function issueOn(pool: Pool, path: string, headersOf: () => Headers, options: LoadOptions): Issue {
  const { era, sizeBytes, tool, verifyEvery = VERIFY_EVERY } = options;
  return (id, done) => {
    const kept: Buffer[] | null = id % verifyEvery === 0 ? [] : null;
    let status = 0;
    let bytes = 0;
    let contentType = '';
    let ended = false;
    const end = (failure?: string): void => {
      if (!ended) done(failure);
      ended = true;
    };
    pool.dispatch(
      { method: 'POST', path, headers: headersOf(), body: callText(id, tool, sizeBytes, era) },
      {
        onRequestStart() {},
        onResponseStart(_, code, headers) {
          status = code;
          contentType = String(headers['content-type'] ?? '');
        },
        onResponseData(_, chunk) {
          bytes += chunk.length;
          kept?.push(chunk);
        },
        onResponseEnd() {
          if (status !== 200) return end(`http_${status}`);
          if (bytes < sizeBytes) return end('short');
          return end(kept === null ? undefined : verdict(kept, contentType, id, sizeBytes));
        },
        onResponseError(_, error) {
          end((error as NodeJS.ErrnoException).code ?? 'socket');
        },
      },
    );
  };
}

function verdict(chunks: readonly Buffer[], contentType: string, id: number, sizeBytes: number): string | undefined {
  try {
    const reply = findReply(Buffer.concat(chunks).toString(), contentType, id);
    return isRightReply(reply, id, sizeBytes) ? undefined : 'wrong_reply';
  } catch {
    return 'not_json';
  }
}

// `tools/list` of a thousand tools: one request at a time, the whole answer read; the tools of the first and of
// every 32nd answer are counted.

import { Pool } from 'undici';
import { newCallId } from '../rig/drive.ts';
import type { Era } from '../rig/messages.ts';
import { findReply, listText, MODERN_REVISION } from '../rig/messages.ts';
import { Recorder } from '../rig/recorder.ts';
import { endSession, openSession } from '../rig/session.ts';

const VERIFY_EVERY = 32;

export type ListTarget = { readonly name: string; readonly url: string; readonly authorization: string };
export type ListRow = {
  readonly target: string;
  readonly era: Era;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly kilobytes: number;
};

/** @throws when an answer is not the list, or a list is not whole */
export async function benchToolList(
  { name, url, authorization }: ListTarget,
  options: { readonly era: Era; readonly tools: number; readonly requests: number; readonly warmup: number },
): Promise<ListRow> {
  const { era, tools, requests, warmup } = options;
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections: 1, pipelining: 1 });
  const base = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization };
  const recorder = new Recorder();
  let bytes = 0;
  try {
    const headers =
      era === 'modern'
        ? { ...base, 'mcp-protocol-version': MODERN_REVISION, 'mcp-method': 'tools/list' }
        : { ...base, ...(await openSession(pool, path, base)) };
    const began = performance.now();
    for (let i = 0; i < warmup + requests; i += 1) {
      const id = newCallId();
      const startedAt = performance.now();
      const answer = await pool.request({ method: 'POST', path, headers, body: listText(id, era) });
      const body = Buffer.from(await answer.body.arrayBuffer());
      if (i >= warmup) recorder.ok(performance.now() - startedAt);
      bytes = body.length;
      if (answer.statusCode !== 200) throw new Error(`${name}: tools/list was answered with ${answer.statusCode}.`);
      if (i % VERIFY_EVERY !== 0) continue;
      const listed = findReply(body.toString(), String(answer.headers['content-type'] ?? ''), id)?.result?.tools;
      const count = Array.isArray(listed) ? listed.length : 0;
      if (count !== tools) throw new Error(`${name} listed ${count} tools instead of ${tools}.`);
    }
    if (era === 'legacy') await endSession(pool, path, headers);
    const { p50Ms, p99Ms } = recorder.figures((performance.now() - began) / 1_000, requests);
    return { target: name, era, p50Ms, p99Ms, kilobytes: bytes / 1_000 };
  } finally {
    await pool.destroy();
  }
}

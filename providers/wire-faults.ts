// Faults that any HTTP endpoint can have: slow, silent, too large, redirecting, or answering something else.
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Endpoint, Faults } from './faults.ts';
import { spend } from './faults.ts';
import type { Answer } from './http.ts';
import { jsonBody, textAnswer } from './http.ts';

const HTML_PAGE = '<!doctype html><title>Just a moment</title><h1>Checking your browser</h1>';

/** Produces the answer with the faults of this endpoint; `dropped` means: close the connection instead. */
export async function withWireFaults(
  faults: Faults,
  endpoint: Endpoint | undefined,
  url: string,
  produce: () => Promise<Answer>,
): Promise<Answer | 'dropped'> {
  if (!endpoint) return produce();
  const delay = faults.delayMs?.[endpoint];
  if (delay) await wait(delay);
  if (spend(faults.dropBefore, endpoint)) return 'dropped';
  const answer = instead(faults, endpoint, url) ?? (await produce());
  if (spend(faults.dropAfter, endpoint)) return 'dropped';
  return padded(faults, endpoint, answer);
}

/** The answer that a fault gives in place of the real one. */
function instead(faults: Faults, endpoint: Endpoint, url: string): Answer | undefined {
  const canned = faults.answer?.[endpoint];
  if (canned && canned.times !== 0) {
    if (canned.times !== undefined) canned.times -= 1;
    return textAnswer(canned.status, 'application/json', canned.body ?? '{}', canned.headers);
  }
  if (faults.redirectLoop?.[endpoint]) {
    const here = new URL(url, 'http://here');
    here.searchParams.set('hop', String(Number(here.searchParams.get('hop') ?? 0) + 1));
    return textAnswer(302, 'text/plain', '', { location: here.pathname + here.search });
  }
  if (faults.html?.[endpoint]) return textAnswer(200, 'text/html; charset=utf-8', HTML_PAGE);
  return undefined;
}

function padded(faults: Faults, endpoint: Endpoint, answer: Answer): Answer {
  const bombMb = faults.gzipBombMb?.[endpoint];
  const megabytes = bombMb ?? faults.hugeBodyMb?.[endpoint];
  if (!megabytes) return answer;
  const padding = 'a'.repeat(megabytes * 1_000_000);
  if (!Buffer.isBuffer(answer.body)) return { ...answer, body: withLongComment(answer.body, padding) };
  const body = Buffer.from(JSON.stringify({ ...jsonBody(answer), padding }));
  const headers = { ...answer.headers, 'content-type': 'application/json' };
  if (!bombMb) return { ...answer, headers, body };
  return { ...answer, headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(body) };
}

/** An event stream has no JSON object to pad, but may begin with a comment of any length. */
function withLongComment(events: ReadableStream<Uint8Array>, padding: string): ReadableStream<Uint8Array> {
  const first = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from(`: ${padding}\n\n`)),
  });
  return events.pipeThrough(first);
}

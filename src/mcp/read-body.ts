// Reads a body as text up to a limit, counting while it comes in, so that no answer fills the memory.

import { ChatelaineError } from '../errors.ts';

/**
 * The whole body as UTF-8 text; a leading byte order mark is dropped.
 *
 * @throws upstream_too_large beyond `maxBytes`; whatever the body's stream fails with
 */
export async function readText(response: Response, maxBytes: number): Promise<{ text: string; bytes: number }> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(response.body)) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  parts.push(decoder.decode());
  return { text: parts.join(''), bytes };
}

/** The first `maxBytes` of the body as text; the rest is not fetched, and a broken stream ends it. */
export async function readStart(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let left = maxBytes;
  try {
    for await (const chunk of chunksOf(response.body)) {
      text += decoder.decode(chunk.subarray(0, left), { stream: true });
      left -= chunk.byteLength;
      if (left <= 0) break;
    }
  } catch {
    // What came before the fault may still tell why the server refused.
  }
  return text;
}

/** The chunks of a body; leaving the loop early cancels it. */
export async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array, void, void> {
  if (body === null) return;
  const reader = body.getReader();
  let isDone = false;
  try {
    while (true) {
      const { value, done } = await reader.read();
      isDone = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isDone) void reader.cancel().catch(() => undefined);
  }
}

export function tooLarge(maxBytes: number): ChatelaineError {
  const size = maxBytes < 1024 * 1024 ? `${maxBytes} bytes` : `${Math.floor(maxBytes / (1024 * 1024))} MiB`;
  return new ChatelaineError(
    'upstream_too_large',
    `The server's answer is larger than ${size}; it was not read further.`,
  );
}

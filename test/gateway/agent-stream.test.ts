// The stream on which an agent hears what comes before the result of a translated request.

import { expect, test } from 'vitest';
import { createAgentStream } from '../../src/gateway/agent-stream.ts';
import { AGENT_UNREAD_MAX_BYTES } from '../../src/limits.ts';

const NO_QUESTIONS = { ask: () => Promise.reject(new Error('unused')), answer: () => undefined };

test('an agent that reads nothing makes no progress pile up, and still gets its result', async () => {
  const stream = createAgentStream('agt_1', NO_QUESTIONS, new AbortController().signal, () => undefined);
  const message = 'x'.repeat(1024);
  const sent = 2 * (AGENT_UNREAD_MAX_BYTES / message.length);
  for (let progress = 0; progress < sent; progress += 1)
    stream.peer.notify('notifications/progress', { progress, message });
  const text = '{"jsonrpc":"2.0","id":1,"result":{}}';
  const { body } = await stream.respond(Promise.resolve({ text, status: 200, headers: {} }));
  const heard = await new Response(body as ReadableStream).text();
  expect(heard.length).toBeLessThan(AGENT_UNREAD_MAX_BYTES + 4 * message.length);
  expect(heard).toContain('"progress":0');
  expect(heard.trimEnd().endsWith(text)).toBe(true);
});

test('an agent that reads hears all of it', async () => {
  const stream = createAgentStream('agt_1', NO_QUESTIONS, new AbortController().signal, () => undefined);
  const end = Promise.withResolvers<{ text: string; status: number; headers: Record<string, string> }>();
  const message = 'x'.repeat(32 * 1024);
  stream.peer.notify('notifications/progress', { progress: 0, message });
  const { body } = await stream.respond(end.promise);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  for (let progress = 1; progress <= 20; progress += 1) {
    expect(new TextDecoder().decode((await reader.read()).value)).toContain(`"progress":${progress - 1},`);
    stream.peer.notify('notifications/progress', { progress, message });
  }
  end.resolve({ text: '{}', status: 200, headers: {} });
  await reader.cancel();
});

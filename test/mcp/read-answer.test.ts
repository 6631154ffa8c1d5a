import { describe, expect, test } from 'vitest';
import type { AnswerReading } from '../../src/mcp/read-answer.ts';
import { readAnswer } from '../../src/mcp/read-answer.ts';
import { startOfStream } from '../../src/mcp/sse.ts';

const ANSWER = { jsonrpc: '2.0', id: 1, result: { ok: true } };

function reading(more: Partial<AnswerReading> = {}): AnswerReading {
  return { id: 1, maxBytes: 10_000, onMessage: () => undefined, position: startOfStream(), ...more };
}

function answered(body: string, type: string | null = 'application/json', status = 200): Response {
  const response = new Response(status === 204 ? null : new TextEncoder().encode(body), { status });
  if (type !== null) response.headers.set('content-type', type);
  return response;
}

const stream = (...messages: unknown[]): Response =>
  answered(messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join(''), 'text/event-stream');

describe('readAnswer', () => {
  test.each([
    ['JSON', answered(JSON.stringify(ANSWER))],
    ['JSON with parameters in its type', answered(JSON.stringify(ANSWER), 'Application/JSON; charset=utf-8')],
    ['JSON after a byte order mark', answered(`\ufeff${JSON.stringify(ANSWER)}`)],
    ['JSON without a type', answered(JSON.stringify(ANSWER), null)],
    ['a batch', answered(JSON.stringify([{ method: 'x' }, ANSWER]))],
    ['an event stream', stream(ANSWER)],
    [
      'an event stream with a charset',
      answered(`data: ${JSON.stringify(ANSWER)}\n\n`, 'text/event-stream;charset=UTF-8'),
    ],
    [
      'JSON spread over data lines',
      answered(`data: {"jsonrpc":"2.0",\ndata: "id":1,\ndata: "result":{"ok":true}}\n\n`, 'text/event-stream'),
    ],
    ['a stream with answers to others', stream({ id: 9, result: {} }, { id: '1', result: {} }, ANSWER)],
    [
      'a stream with pings that are no JSON',
      answered(
        `data: ping\n\nevent: heartbeat\ndata: {}\n\ndata: {oops\n\ndata: ${JSON.stringify(ANSWER)}\n\n`,
        'text/event-stream',
      ),
    ],
  ])('finds the answer in %s', async (_, response) => {
    expect(await readAnswer(response, reading())).toMatchObject({ kind: 'result', id: 1, result: { ok: true } });
  });

  test('takes an error without an id as the answer of a JSON body', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'no' } });
    expect(await readAnswer(answered(body), reading())).toMatchObject({ kind: 'error', code: -32700 });
  });

  test('hands on what comes before the answer, in order', async () => {
    const got: string[] = [];
    const messages = [{ method: 'a' }, { id: 5, method: 'ping' }, ANSWER, { method: 'late' }];
    await readAnswer(stream(...messages), reading({ onMessage: ({ kind, method }) => got.push(`${kind} ${method}`) }));
    expect(got).toEqual(['notification a', 'request ping']);
  });

  test('says so by null when a stream ends without the answer', async () => {
    expect(await readAnswer(stream({ method: 'a' }), reading())).toBeNull();
  });

  test.each([
    ['a web page', answered('<!doctype html><p>hi', 'text/html'), /web page.*MCP endpoint/],
    ['a web page called JSON', answered('<html>'), /where JSON was expected/],
    ['another type', answered('{}', 'application/xml'), /"application\/xml"/],
    ['nothing', answered(''), /HTTP 200 with nothing/],
    ['202 instead of an answer', answered('', null, 202), /HTTP 202 with nothing/],
    ['204 instead of an answer', answered('', null, 204), /HTTP 204 with nothing/],
    ['the answer to another request', answered(JSON.stringify({ id: 2, result: {} })), /another request \(id "2"\)/],
    ['JSON that is no JSON-RPC', answered('{"tools":[]}'), /no JSON-RPC answer/],
    ['a JSON bomb', answered('['.repeat(5_000)), /nested/],
    ['a JSON bomb in an event', answered(`data: ${'['.repeat(5_000)}\n\n`, 'text/event-stream'), /nested/],
  ])('refuses %s in words', async (_, response, message) => {
    await expect(readAnswer(response, reading())).rejects.toMatchObject({
      code: 'upstream_invalid_response',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ['JSON', 'application/json', 'x'.repeat(20_000)],
    ['a stream', 'text/event-stream', `data: ${'x'.repeat(20_000)}\n\n`],
    ['a chatty stream', 'text/event-stream', 'data: {"method":"x"}\n\n'.repeat(1_000)],
  ])('stops reading %s beyond the limit', async (_, type, body) => {
    await expect(readAnswer(answered(body, type), reading())).rejects.toMatchObject({ code: 'upstream_too_large' });
  });

  test.each(['application/json', 'text/event-stream'])('tells the size of an answer in %s', async (type) => {
    const text = type === 'application/json' ? JSON.stringify(ANSWER) : `data: ${JSON.stringify(ANSWER)}\n\n`;
    let bytes = 0;
    await readAnswer(answered(text, type), reading({ onBytes: (more) => (bytes += more) }));
    expect(bytes).toBe(text.length);
  });
});

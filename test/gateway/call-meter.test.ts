// What the call log says of an answer that went through unread.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCallMeter } from '../../src/gateway/call-meter.ts';
import type { CallEntry } from '../../src/hub/call-log.ts';

const ENTRY = {
  at: 0,
  agentId: 'agt_1',
  keyId: 'key_1',
  connectorId: 'con_1',
  toolName: 'echo',
  method: 'tools/call',
  toolDigest: null,
  bytesIn: 1,
  era: 'legacy',
} as const;

function outcomeOf(...chunks: string[]): CallEntry['outcome'] | undefined {
  const seen: CallEntry[] = [];
  const meter = createCallMeter(
    ENTRY,
    () => 0,
    (entry) => seen.push(entry),
  );
  for (const chunk of chunks) meter.passed(new TextEncoder().encode(chunk));
  meter.ends();
  meter.ends('error');
  expect(seen).toHaveLength(1);
  return seen[0]?.outcome;
}

describe('an answer that is passed through', () => {
  test.each([
    ['ok', '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}'],
    ['ok', '{"id":1,"result":{"content":[],"isError":false}}'],
    ['ok', '{"id":1,"result":{"error":{"code":1}}}'],
    ['ok', '{"id":1,"result":{"content":[{"type":"text","text":"\\"isError\\":true is what I say"}]}}'],
    ['tool_error', '{"id":1,"result":{"content":[],"isError":true}}'],
    ['tool_error', '{"id":1,"result":{"isError" : true,"content":[]}}'],
    ['error', '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}'],
    ['error', '{"error":{"code":1,"message":"\\"result\\""},"id":1}'],
    ['tool_error', 'event: message\ndata: {"id":1,"result":{"content":[],"isError":true}}\n\n'],
  ])('is %s: %s', (outcome, text) => {
    expect(outcomeOf(text)).toBe(outcome);
  });

  const event = (message: unknown, lineEnd = '\n') =>
    `event: message${lineEnd}data: ${JSON.stringify(message)}${lineEnd}${lineEnd}`;
  const good = { jsonrpc: '2.0', id: 1, result: { content: [] } };
  const bad = { jsonrpc: '2.0', id: 1, result: { content: [], isError: true } };
  const fault = { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'x' } };
  const complaint = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: { error: 1 } } };
  const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1 } };
  const long = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'x'.repeat(5_000) }] } };

  test.each([
    ['ok', 'a complaint, then a good result', [event(complaint), event(good)]],
    ['ok', 'a complaint after the result', [event(good), event(complaint)]],
    ['error', 'progress, then an error', [event(progress), event(fault)]],
    ['error', 'an error after a long event', [event({ ...progress, x: 'y'.repeat(5_000) }), event(fault)]],
    ['tool_error', 'the last line break alone', [event(bad).trimEnd(), '\n\n']],
    ['tool_error', 'a comment after it', [event(bad), ': "result": still here\n\n']],
    ['ok', 'no isError of its own', [event({ ...progress, isError: true }), event(good)]],
    ['ok', 'an answer before it', [event(bad), event(long)]],
    ['tool_error', 'an id first, and nothing but data', ['id: 1\ndata:\n\n', `data:${JSON.stringify(bad)}\n\n`]],
    ['error', 'a mark and a comment first', ['\ufeff: hello\n\n', event(fault)]],
    ['error', 'several lines of data', ['data: {"id":1,\ndata: "error":\ndata: {"code":1}}\n\n']],
    ['ok', 'nothing but comments', [': a\n\n', ': "error": b\n\n']],
    ['ok', 'an answer in a field of its own', [event(good), 'database: {"error":{}}\n\n']],
  ] as const)('is %s with %s in the stream, however it is cut', (outcome, _what, chunks) => {
    expect(outcomeOf(...chunks)).toBe(outcome);
    const whole = chunks.join('');
    expect(outcomeOf(whole)).toBe(outcome);
    for (const lineEnd of ['\r\n', '\r']) {
      const text = whole.replaceAll('\n', lineEnd);
      expect(outcomeOf(text)).toBe(outcome);
      expect(outcomeOf(...text)).toBe(outcome);
    }
  });

  test.each([
    ['error', '{"jsonrpc":"2.0","id":"result","error":{"code":1,"message":"x"}}'],
    ['ok', '{"jsonrpc":"2.0","id":"error","result":{}}'],
    ['error', '{"id":"a\\"result\\":","error" : {"code":1}}'],
    ['error', '\n {"id":"result" , "error"\n:{"code":1}}'],
    ['tool_error', '{"id":"error","result":{"isError":true}}'],
  ])('is %s, and an id says nothing: %s', (outcome, text) => {
    expect(outcomeOf(text)).toBe(outcome);
    expect(outcomeOf(...text)).toBe(outcome);
  });

  test('is judged by its first and its last piece, whatever lies between', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), (filler) => {
        const text = JSON.stringify({ id: 1, result: { content: [{ type: 'text', text: filler }], isError: true } });
        const at = Math.floor(text.length / 2);
        expect(outcomeOf(text)).toBe('tool_error');
        expect(outcomeOf(text.slice(0, at), text.slice(at))).toBe('tool_error');
      }),
    );
  });
});

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

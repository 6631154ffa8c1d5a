import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JSON_MAX_DEPTH } from '../../src/limits.ts';
import { parseJson } from '../../src/mcp/json.ts';
import { messagesIn } from '../../src/mcp/json-rpc.ts';

describe('parseJson', () => {
  test('reads every JSON value as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('never fails with anything but a clear error, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[[\]{}",:\\a0]*$/)), (text) => {
        try {
          parseJson(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'upstream_invalid_response' });
        }
      }),
    );
  });

  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('refuses %s nested deeper than the limit, and takes the limit itself', (_, open, close) => {
    const nested = (depth: number): string => `${open.repeat(depth)}${close === '}' ? '1' : ''}${close.repeat(depth)}`;
    expect(() => parseJson(nested(JSON_MAX_DEPTH))).not.toThrow();
    expect(() => parseJson(nested(JSON_MAX_DEPTH + 1))).toThrow(/nested more than/);
    expect(() => parseJson(open.repeat(2_000_000))).toThrow(/nested more than/);
  });

  test('does not count brackets inside strings', () => {
    const text = JSON.stringify({ a: '['.repeat(JSON_MAX_DEPTH * 2), b: `\\"${'{'.repeat(JSON_MAX_DEPTH * 2)}` });
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });
});

describe('messagesIn', () => {
  test.each([
    ['a result', { id: 1, result: {} }, 'result'],
    ['an error', { id: 1, error: { code: -1, message: 'x' } }, 'error'],
    ['an error without an id', { error: { code: -1 } }, 'error'],
    ['a request', { id: 'a', method: 'ping' }, 'request'],
    ['a notification', { method: 'x' }, 'notification'],
  ])('tells %s', (_, value, kind) => {
    expect(messagesIn({ jsonrpc: '2.0', ...value })).toMatchObject([{ kind }]);
  });

  test('reads the batches of 2025-03-26 and leaves out what is no message', () => {
    const batch = [{ id: 1, result: {} }, null, 7, { id: 2 }, { id: 3, result: 'text' }, { method: 'x' }];
    expect(messagesIn(batch).map(({ kind }) => kind)).toEqual(['result', 'notification']);
  });
});

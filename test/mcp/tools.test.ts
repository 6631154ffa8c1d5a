import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/mcp/canonical-json.ts';
import { toolDigest } from '../../src/mcp/tool-digest.ts';
import { connectorKeyFrom, offeredToolName, parseOfferedToolName } from '../../src/mcp/tool-name.ts';
import { tool } from './mini-server.ts';

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, child]) => [key, shuffled(child)]),
  );
}

describe('toolDigest', () => {
  test('does not depend on the order of keys', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (extra) => {
        const one = tool('t', { extra });
        expect(await toolDigest(shuffled(one) as typeof one)).toBe(await toolDigest(one));
      }),
    );
  });

  test('changes with any part of the definition', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (a, b) => {
        const isSame = canonicalJson(a) === canonicalJson(b);
        expect((await toolDigest(tool('t', { extra: a }))) === (await toolDigest(tool('t', { extra: b })))).toBe(
          isSame,
        );
      }),
    );
  });

  test('is SHA-256 over the RFC 8785 form, base64url', async () => {
    const text = '{"a":[1,null],"inputSchema":{},"name":"é"}';
    const expected = createHash('sha256').update(text).digest('base64url');
    expect(await toolDigest({ name: 'é', inputSchema: {}, a: [1, null] })).toBe(expected);
  });
});

describe('canonicalJson', () => {
  test.each([
    [{ b: 1, a: [3, { d: 4, c: null }] }, '{"a":[3,{"c":null,"d":4}],"b":1}'],
    [
      { '\u20ac': 1, '\r': 2, '1': 3, '\ud83d\ude00': 4, '\u0080': 5 },
      '{"\\r":2,"1":3,"\u0080":5,"\u20ac":1,"\ud83d\ude00":4}',
    ],
    [[1e21, 0.1, -0, 1e-7], '[1e+21,0.1,0,1e-7]'],
    [{ a: undefined, b: 'x' }, '{"b":"x"}'],
  ])('writes %j as RFC 8785 does', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test('is read back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('tool names', () => {
  test('come apart into the key and tool that they were made of', () => {
    const names = fc.string({ minLength: 1, unit: 'binary' });
    fc.assert(
      fc.property(names, fc.oneof(names, fc.stringMatching(/^_*[a-z_]*x_*$/)), (name, toolName) => {
        const key = connectorKeyFrom(name);
        expect(parseOfferedToolName(offeredToolName(key, toolName))).toEqual({ key, tool: toolName });
      }),
    );
  });

  test.each([
    ['mcp__linear__create_issue', { key: 'linear', tool: 'create_issue' }],
    ['mcp__a_b__c__d', { key: 'a_b', tool: 'c__d' }],
    ['mcp__a___b', { key: 'a', tool: '_b' }],
    ['mcp__linear__', null],
    ['mcp____x', null],
    ['mcp___a__x', null],
    ['mcp__linear', null],
    ['mcp__Linear__x', null],
    ['linear__x', null],
    ['', null],
  ])('reads %j', (name, expected) => {
    expect(parseOfferedToolName(name)).toEqual(expected);
  });

  test('make a key of 1 to 32 plain characters from every name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const key = connectorKeyFrom(name);
        expect(key).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/);
        expect(key.length).toBeLessThanOrEqual(32);
      }),
    );
  });

  test.each([
    ['Linear', 'linear'],
    ['  My  Server (EU) ', 'my_server_eu'],
    ['Café Zürich', 'cafe_zurich'],
    ['Straße', 'strasse'],
    ['Łódź & Ørsted', 'lodz_and_orsted'],
    ["Tom's Tools", 'toms_tools'],
    ['Яндекс Трекер', 'yandeks_treker'],
    ['Ελλάδα', 'ellada'],
    ['ｆｕｌｌ', 'full'],
    ['日本', 'connector'],
    ['___', 'connector'],
    ['', 'connector'],
    [`${'a'.repeat(31)} b`, 'a'.repeat(31)],
  ])('make of %j the key %j', (name, key) => {
    expect(connectorKeyFrom(name)).toBe(key);
  });
});

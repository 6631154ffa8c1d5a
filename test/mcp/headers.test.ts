import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { modernPost } from '../../src/mcp/build-request.ts';
import { encodeHeaderValue } from '../../src/mcp/header-value.ts';
import { mirroredHeaders, mirroringFault } from '../../src/mcp/mirrored-headers.ts';
import { tool } from './mini-server.ts';

/** As a server decodes it; written anew, so that both sides cannot be wrong together. */
function decode(field: string): string {
  const encoded = /^=\?base64\?(.*)\?=$/s.exec(field)?.[1];
  return encoded === undefined ? field : Buffer.from(encoded, 'base64').toString('utf8');
}

const withProperties = (properties: Record<string, unknown>) =>
  tool('t', { inputSchema: { type: 'object', properties } });

describe('encodeHeaderValue', () => {
  test.each([
    ['us-west1', 'us-west1'],
    ['us west 1', 'us west 1'],
    ['', '=?base64??='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    ['a\tb', '=?base64?YQli?='],
    ['line1\r\nline2', '=?base64?bGluZTENCmxpbmUy?='],
    ['=?base64?YQ==?=', '=?base64?PT9iYXNlNjQ/WVE9PT89?='],
  ])('writes %j as %j', (value, field) => {
    expect(encodeHeaderValue(value)).toBe(field);
  });

  test('survives a header and comes back the same, whatever the value', () => {
    const values = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.string());
    fc.assert(
      fc.property(values, (value) => {
        const headers = new Headers({ 'mcp-name': encodeHeaderValue(value) });
        expect(decode(headers.get('mcp-name') ?? '')).toBe(value.toWellFormed());
      }),
    );
  });
});

describe('mirroredHeaders', () => {
  const annotated = withProperties({
    region: { type: 'string', 'x-mcp-header': 'Region' },
    count: { type: 'integer', 'x-mcp-header': 'Count' },
    dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
    plain: { type: 'string' },
    nested: { type: 'object', properties: { deep: { type: 'string', 'x-mcp-header': 'Deep' } } },
  });

  test('mirrors strings, integers and booleans, also nested ones, and nothing else', () => {
    const args = { region: 'eu', count: 42, dry: false, plain: 'no', nested: { deep: 'é' } };
    expect(mirroredHeaders(annotated, args)).toEqual({
      'Mcp-Param-Region': 'eu',
      'Mcp-Param-Count': '42',
      'Mcp-Param-Dry': 'false',
      'Mcp-Param-Deep': '=?base64?w6k=?=',
    });
  });

  test.each([
    ['absent', {}],
    ['null', { region: null, count: null, dry: null, nested: null }],
    ['objects', { region: {}, count: [], nested: 'x' }],
    ['beyond the safe integers', { count: 2 ** 60 }],
    ['no object at all', undefined],
  ])('leaves out arguments that are %s', (_, args) => {
    expect(mirroredHeaders(annotated, args)).toEqual({});
  });

  test('is not led astray by names of the prototype', () => {
    const odd = withProperties({
      constructor: { type: 'object', properties: { name: { type: 'string', 'x-mcp-header': 'N' } } },
    });
    expect(mirroredHeaders(odd, {})).toEqual({});
  });

  test('takes a parameter that is itself called x-mcp-header as a parameter', () => {
    expect(mirroringFault(withProperties({ 'x-mcp-header': { type: 'string' } }))).toBeNull();
  });

  test.each([
    ['an empty name', { a: { type: 'string', 'x-mcp-header': '' } }],
    ['a name that is no text', { a: { type: 'string', 'x-mcp-header': 1 } }],
    ['a space', { a: { type: 'string', 'x-mcp-header': 'My Region' } }],
    ['a colon', { a: { type: 'string', 'x-mcp-header': 'Region:Primary' } }],
    ['letters beyond ASCII', { a: { type: 'string', 'x-mcp-header': 'Région' } }],
    ['a control character', { a: { type: 'string', 'x-mcp-header': 'Region\t1' } }],
    ['an object', { a: { type: 'object', 'x-mcp-header': 'A' } }],
    ['an array', { a: { type: 'array', 'x-mcp-header': 'A' } }],
    ['null', { a: { type: 'null', 'x-mcp-header': 'A' } }],
    ['a number', { a: { type: 'number', 'x-mcp-header': 'A' } }],
    ['several types', { a: { type: ['string', 'null'], 'x-mcp-header': 'A' } }],
    ['a name used twice', { a: { type: 'string', 'x-mcp-header': 'A' }, b: { type: 'string', 'x-mcp-header': 'A' } }],
    [
      'a name used twice in another case',
      { a: { type: 'string', 'x-mcp-header': 'My' }, b: { type: 'string', 'x-mcp-header': 'mY' } },
    ],
    ['items of an array', { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } }],
    ['a branch', { a: { anyOf: [{ type: 'string', 'x-mcp-header': 'A' }] } }],
    ['a definition', { a: { $defs: { x: { type: 'string', 'x-mcp-header': 'A' } } } }],
    ['properties under a branch', { a: { allOf: [{ properties: { b: { type: 'string', 'x-mcp-header': 'A' } } }] } }],
  ])('finds fault with an annotation on %s', (_, properties) => {
    expect(mirroringFault(withProperties(properties))).toMatch(/^x-mcp-header at /);
    expect(mirroredHeaders(withProperties(properties), { a: 'x', b: 'y' })).toEqual({});
  });

  test('finds fault with an annotation on the schema itself', () => {
    expect(mirroringFault(tool('t', { inputSchema: { type: 'object', 'x-mcp-header': 'A' } }))).toMatch(/\(root\)/);
  });

  test('stays quick with many annotations', () => {
    const many = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, n) => [`p${n}`, { type: 'string', 'x-mcp-header': `H${n}` }]),
    );
    expect(mirroringFault(withProperties(many))).toBeNull();
  });
});

describe('modernPost', () => {
  const envelope = { version: '2026-07-28', clientInfo: { name: 'test', version: '1' }, clientCapabilities: {} };

  test('keeps custom headers but lets none take the place of the protocol', () => {
    const custom = {
      Authorization: 'Bearer x',
      'X-Team': 'a',
      Accept: 'text/html',
      'Mcp-Method': 'evil',
      'MCP-Session-Id': 's',
    };
    const headers = Object.fromEntries(
      new Headers(modernPost(custom, envelope, { id: 1, method: 'tools/list', params: {} }).headers),
    );
    expect(headers).toEqual({
      authorization: 'Bearer x',
      'x-team': 'a',
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-method': 'tools/list',
      'mcp-protocol-version': '2026-07-28',
    });
  });

  test('refuses a method that would break out of its header', () => {
    expect(() => modernPost({}, envelope, { id: 1, method: 'a\r\nx: y', params: {} })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bearerChallenge } from '../../src/oauth/challenge.ts';
import { parseChallenges } from '../../src/oauth/www-authenticate.ts';

const read = (value: string | readonly string[]) =>
  parseChallenges(value).map(({ scheme, token68, params }) => [scheme, token68, Object.fromEntries(params)]);

const headers = (...values: string[]): Headers => {
  const all = new Headers();
  for (const value of values) all.append('www-authenticate', value);
  return all;
};

describe('WWW-Authenticate', () => {
  test.each<[string, string | string[], unknown[]]>([
    ['one scheme with parameters', 'Bearer realm="a", scope="x y"', [['bearer', null, { realm: 'a', scope: 'x y' }]]],
    ['a bare scheme', 'Bearer', [['bearer', null, {}]]],
    [
      'several schemes in one field',
      'Basic realm="a", Bearer error="invalid_token"',
      [
        ['basic', null, { realm: 'a' }],
        ['bearer', null, { error: 'invalid_token' }],
      ],
    ],
    [
      'several fields',
      ['Negotiate', 'Bearer realm=x'],
      [
        ['negotiate', null, {}],
        ['bearer', null, { realm: 'x' }],
      ],
    ],
    [
      'token68 beside parameters',
      'Negotiate YWJj==, Bearer a=b',
      [
        ['negotiate', 'YWJj==', {}],
        ['bearer', null, { a: 'b' }],
      ],
    ],
    [
      'schemes without parameters beside others',
      'Negotiate, NTLM, Bearer a="b"',
      [
        ['negotiate', null, {}],
        ['ntlm', null, {}],
        ['bearer', null, { a: 'b' }],
      ],
    ],
    [
      'commas, quotes and schemes inside quoted strings',
      'Bearer realm="a, Basic \\"q\\" = x", b="c"',
      [['bearer', null, { realm: 'a, Basic "q" = x', b: 'c' }]],
    ],
    ['any case of scheme and name', 'bEaReR ReALM="A"', [['bearer', null, { realm: 'A' }]]],
    [
      'blanks around the equals sign',
      'Bearer realm = "a" ,  scope\t=x',
      [['bearer', null, { realm: 'a', scope: 'x' }]],
    ],
    ['empty list elements', ', ,Bearer a=b,,c=d,', [['bearer', null, { a: 'b', c: 'd' }]]],
    [
      'a URL without its quotes',
      'Bearer resource_metadata=https://a.example/x?y=z, error=e',
      [['bearer', null, { resource_metadata: 'https://a.example/x?y=z', error: 'e' }]],
    ],
    ['forgotten commas', 'Bearer realm="a" error="b"', [['bearer', null, { realm: 'a', error: 'b' }]]],
    ['a parameter that comes twice: the first', 'Bearer a=1, a=2', [['bearer', null, { a: '1' }]]],
    ['nothing', '', []],
    ['parameters without a scheme', 'realm="a", Bearer b=c', [['bearer', null, { b: 'c' }]]],
    ['something unreadable in between', 'Bearer a=b, ???="x, y", c=d', [['bearer', null, { a: 'b', c: 'd' }]]],
  ])('is read with %s', (_, value, expected) => {
    expect(read(value)).toEqual(expected);
  });

  test('never throws, and keeps every quoted value whole', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => Array.isArray(parseChallenges(value))));
    const value = fc.string({ unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
        expect(read(`Basic realm=${quote(a)}, Bearer scope=${quote(b)}`)).toEqual([
          ['basic', null, { realm: a }],
          ['bearer', null, { scope: b }],
        ]);
      }),
    );
  });

  test('is read up to a bound; what stands behind it does not count', () => {
    const far = `Bearer realm="${'a'.repeat(20_000)}", error="e"`;
    expect(read(far)[0]?.[0]).toBe('bearer');
    expect(bearerChallenge(headers(far))?.error).toBeNull();
    expect(bearerChallenge(headers(far.replace(/a{20000}/, 'a'.repeat(1_000))))?.error).toBe('e');
  });
});

describe('the challenge of a server', () => {
  test('tells where the metadata is, which scope and which error', () => {
    const value =
      'Bearer realm="mcp", error="insufficient_scope", error_description="more\\nplease", scope="b  a b", resource_metadata="https://a.example/m"';
    expect(bearerChallenge(headers(value))).toEqual({
      scheme: 'bearer',
      resourceMetadata: 'https://a.example/m',
      scope: 'b a',
      error: 'insufficient_scope',
      errorDescription: 'morenplease',
      realm: 'mcp',
    });
  });

  test.each([
    [
      'the one that names the metadata',
      ['Bearer error="a"', 'Bearer resource_metadata="https://m.example"'],
      'bearer',
      'https://m.example',
    ],
    ['else the one that names an error', ['Bearer realm="a"', 'Bearer error="e"'], 'bearer', null],
    [
      'Bearer before DPoP',
      ['DPoP algs="ES256", resource_metadata="https://d.example"', 'Bearer resource_metadata="https://b.example"'],
      'bearer',
      'https://b.example',
    ],
    [
      'DPoP where Bearer is not offered',
      ['Basic realm="a"', 'DPoP resource_metadata="https://d.example"'],
      'dpop',
      'https://d.example',
    ],
  ])('is %s', (_, values, scheme, metadata) => {
    expect(bearerChallenge(headers(...values))).toMatchObject({ scheme, resourceMetadata: metadata });
  });

  test.each([['no field'], ['Basic realm="a"'], ['Negotiate abc=']])('is none for %j', (value) => {
    expect(bearerChallenge(value === 'no field' ? new Headers() : headers(value))).toBeNull();
  });
});

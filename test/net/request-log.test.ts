import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChatelaineError } from '../../src/errors.ts';
import { type RequestEntry, redactUrl, tracedFetch } from '../../src/net/request-log.ts';

describe('redactUrl', () => {
  test.each([
    ['keeps origin and path', 'https://as.example:8443/a/b', 'https://as.example:8443/a/b'],
    [
      'hides codes, states, tokens and what it does not know',
      'https://h/?code=c&state=s&access_token=t&x=1',
      'https://h/?code=…&state=…&access_token=…&x=…',
    ],
    [
      'keeps harmless values',
      'https://h/?response_type=code&scope=a+b&prompt=consent',
      'https://h/?response_type=code&scope=a%20b&prompt=consent',
    ],
    [
      'redacts a URL within a value',
      `https://h/?redirect_uri=${encodeURIComponent('https://u:p@x/cb?k=v#f')}`,
      `https://h/?redirect_uri=${encodeURIComponent('https://x/cb?k=…')}`,
    ],
    ['hides a value that should be a URL and is not', 'https://h/?resource=secret', 'https://h/?resource=%E2%80%A6'],
    ['hides a query that is a bare secret', 'https://h/?sk-live-123', 'https://h/?…'],
    ['drops user name, password and fragment', 'https://user:password@h/p#access_token=t', 'https://h/p'],
    ['shows nothing of other schemes', 'data:text/plain,secret', 'data:…'],
    ['shows nothing of what is no URL', 'secret', '…'],
    [
      'keeps every value of a repeated parameter',
      'https://h/?resource=https://a/&resource=https://b/',
      'https://h/?resource=https%3A%2F%2Fa%2F&resource=https%3A%2F%2Fb%2F',
    ],
  ])('%s', (_, url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });

  test('never throws, never breaks a line and stays short', () => {
    const urls = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true, withFragments: true }));
    fc.assert(
      fc.property(urls, fc.string({ unit: 'binary' }), (url, tail) => {
        for (const address of [url, url + tail, `https://h/?scope=${tail}`]) {
          const shown = redactUrl(address);
          expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
          expect(shown.length).toBeLessThanOrEqual(2_001);
        }
      }),
    );
    expect(redactUrl(`https://h/${'a'.repeat(10_000)}`)).toHaveLength(2_001);
  });

  test('shows no secret wherever a parameter carries it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z_]{1,12}$/), (name) => {
        fc.pre(!['scope', 'prompt', 'grant_type', 'response_type', 'code_challenge_method'].includes(name));
        expect(redactUrl(`https://h/p?${name}=S3CRET#${name}=S3CRET`)).not.toContain('S3CRET');
      }),
    );
  });
});

describe('tracedFetch', () => {
  const clock = (): (() => number) => {
    let now = 1_000;
    return () => {
      now += 7;
      return now;
    };
  };

  test('reports an answer once and hands it on', async () => {
    const entries: RequestEntry[] = [];
    const response = new Response('x', { status: 404 });
    const fetch = tracedFetch(
      async () => response,
      (entry) => entries.push(entry),
      clock(),
    );
    expect(await fetch('https://h/token?code=1', { method: 'post' })).toBe(response);
    expect(entries).toEqual([
      { method: 'POST', url: 'https://h/token?code=…', status: 404, durationMs: 7, errorCode: null },
    ]);
  });

  test.each([
    ['the code of a ChatelaineError', new ChatelaineError('upstream_timeout', 'late'), undefined, 'upstream_timeout'],
    ['an abort', new Error('stop'), AbortSignal.abort(), 'aborted'],
    ['anything else', new Error('bug'), undefined, 'internal_error'],
  ])('reports %s and throws it on', async (_, error, signal, errorCode) => {
    const entries: RequestEntry[] = [];
    const fetch = tracedFetch(
      () => Promise.reject(error),
      (entry) => entries.push(entry),
      clock(),
    );
    await expect(fetch('https://h/', { signal: signal ?? null })).rejects.toBe(error);
    expect(entries).toEqual([{ method: 'GET', url: 'https://h/', status: null, durationMs: 7, errorCode }]);
  });
});

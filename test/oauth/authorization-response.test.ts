import { describe, expect, test } from 'vitest';
import { validateAuthorizationResponse } from '../../src/oauth/authorization-response.ts';
import { failure } from './scripted.ts';

const ISSUER = 'https://as.example/t1';
const judge = (query: string, advertised = false, server: { issuer: string } = { issuer: ISSUER }) =>
  validateAuthorizationResponse({
    parameters: new URLSearchParams(query),
    server: { ...server, ...(advertised ? { authorization_response_iss_parameter_supported: true } : {}) },
    expectedIssuer: ISSUER,
  });
const iss = (value: string) => `iss=${encodeURIComponent(value)}`;

describe('iss in the authorization response', () => {
  test.each([
    ['advertised and right', `code=c&${iss(ISSUER)}`, true],
    ['not advertised and right', `code=c&${iss(ISSUER)}`, false],
    ['not advertised and absent', 'code=c', false],
  ])('%s: the code is good', (_, query, advertised) => {
    expect(judge(query, advertised).code.reveal()).toBe('c');
  });

  test.each([
    ['advertised and absent', 'code=c', true],
    ['advertised and wrong', `code=c&${iss('https://evil.example')}`, true],
    ['not advertised and wrong', `code=c&${iss('https://evil.example')}`, false],
    ['empty', 'code=c&iss=', false],
    ['with a slash more', `code=c&${iss(`${ISSUER}/`)}`, true],
    ['in another case', `code=c&${iss('https://AS.example/t1')}`, true],
    ['with the default port', `code=c&${iss('https://as.example:443/t1')}`, true],
    ['percent-encoded twice', `code=c&iss=${encodeURIComponent(encodeURIComponent(ISSUER))}`, true],
    ['with a blank', `code=c&${iss(`${ISSUER} `)}`, true],
  ])('%s: refused', async (_, query, advertised) => {
    expect((await failure(() => judge(query, advertised))).code).toBe('issuer_mismatch');
  });

  test('twice is refused, even when both are right', async () => {
    expect((await failure(() => judge(`code=c&${iss(ISSUER)}&${iss(ISSUER)}`))).code).toBe(
      'authorization_response_invalid',
    );
  });

  test('that mismatches keeps the error beside it from being seen', async () => {
    const error = await failure(() =>
      judge(`error=access_denied&error_description=Call%20555&error_uri=x&${iss('https://evil.example')}`, true),
    );
    expect(error.code).toBe('issuer_mismatch');
    expect(error.details).toEqual({});
    expect(error.message).not.toMatch(/access_denied|555/);
  });

  test('is compared with the issuer recorded when the flow began, not with newer metadata', async () => {
    const moved = { issuer: 'https://new.example' };
    expect((await failure(() => judge('code=c', false, moved))).code).toBe('issuer_mismatch');
    expect((await failure(() => judge(`code=c&${iss(moved.issuer)}`, false, moved))).code).toBe('issuer_mismatch');
  });
});

describe('what the provider says', () => {
  test('as an error is told in its words, bounded and on one line', async () => {
    const error = await failure(() =>
      judge(`error=access_denied&error_description=${encodeURIComponent(`no\r\nway ${'x'.repeat(5_000)}`)}`),
    );
    expect(error.code).toBe('authorization_denied');
    expect(error.details.upstreamCode).toBe('access_denied');
    expect(error.details.upstreamText).toMatch(/^no way x+$/);
    expect(error.message).not.toMatch(/[\r\n]/);
    expect(error.message.length).toBeLessThan(800);
  });

  test.each(['invalid_scope', 'unauthorized_client', 'server_error', 'temporarily_unavailable', 'something_else'])(
    'as %s ends the flow with advice',
    async (code) => {
      const error = await failure(() => judge(`error=${code}`));
      expect(error).toMatchObject({ code: 'authorization_denied', details: { upstreamCode: code } });
      expect(error.message).toContain(code);
    },
  );

  test('as an error beside a code is an error', async () => {
    expect((await failure(() => judge('code=c&error=access_denied'))).code).toBe('authorization_denied');
  });

  test.each(['', 'state=x', 'code=', 'code=a&code=b', 'error=a&error=b', `code=${'c'.repeat(5_000)}`, 'code=a%0D%0Ab'])(
    'as %j is no answer',
    async (query) => {
      expect((await failure(() => judge(query))).code).toBe('authorization_response_invalid');
    },
  );
});

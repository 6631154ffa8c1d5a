import { expect, test } from 'vitest';
import { resourceMetadataUrls, serverMetadataUrls } from '../../src/oauth/well-known.ts';

const R = '/.well-known/oauth-protected-resource';
const A = '/.well-known/oauth-authorization-server';
const O = '/.well-known/openid-configuration';

test.each([
  ['https://h.example', [R]],
  ['https://h.example/', [R]],
  ['https://h.example/mcp', [`${R}/mcp`, R]],
  ['https://h.example/a/b/mcp', [`${R}/a/b/mcp`, R]],
  ['https://h.example/mcp/', [`${R}/mcp/`, `${R}/mcp`, R]],
  ['https://h.example/mcp?t=1', [`${R}/mcp?t=1`, R]],
])('resource metadata of %s is looked for at its path first, then at the root', (url, paths) => {
  expect(resourceMetadataUrls(url)).toEqual(paths.map((path) => `https://h.example${path}`));
});

test.each([
  ['https://h.example', [A, O]],
  ['https://h.example/', [A, O]],
  ['https://h.example/t1', [`${A}/t1`, `${O}/t1`, `/t1${O}`]],
  ['https://h.example/t1/', [`${A}/t1`, `${O}/t1`, `/t1${O}`]],
  ['https://h.example/a/b', [`${A}/a/b`, `${O}/a/b`, `/a/b${O}`]],
])('metadata of the issuer %s is looked for in the order of the specification', (issuer, paths) => {
  expect(serverMetadataUrls(issuer)).toEqual(paths.map((path) => `https://h.example${path}`));
});

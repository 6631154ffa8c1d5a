import { describe, expect, test } from 'vitest';
import { resourceFor } from '../../src/oauth/resource-indicator.ts';

const serverUrl = 'HTTPS://Api.Example.com:443/MCP/v1?api_key=secret#part';

describe('the resource parameter', () => {
  test.each([
    ['auto', 'protected_resource_metadata', 'https://api.example.com', 'https://api.example.com'],
    ['auto', 'protected_resource_metadata', 'https://api.example.com/MCP/', 'https://api.example.com/MCP/'],
    ['auto', 'legacy_origin', null, 'https://api.example.com/MCP/v1'],
    ['auto', 'manual', null, 'https://api.example.com/MCP/v1'],
    ['auto', 'legacy_endpoints', null, null],
    ['always', 'legacy_endpoints', null, 'https://api.example.com/MCP/v1'],
    ['never', 'protected_resource_metadata', 'https://api.example.com', null],
    ['never', 'legacy_origin', null, null],
  ] as const)(
    'with policy %s and mode %s, where the metadata says %s, is %s',
    (policy, mode, prmResource, expected) => {
      expect(resourceFor({ policy, mode, prmResource, serverUrl })).toBe(expected);
    },
  );

  test.each([
    ['https://a.example', 'https://a.example'],
    ['https://a.example/', 'https://a.example'],
    ['https://a.example/mcp/', 'https://a.example/mcp/'],
    ['https://A.example:8443/Mcp', 'https://a.example:8443/Mcp'],
    ['https://user:pass@a.example/x', 'https://a.example/x'],
  ])('of %s without metadata is %s', (url, expected) => {
    expect(resourceFor({ policy: 'always', mode: 'manual', prmResource: null, serverUrl: url })).toBe(expected);
  });
});

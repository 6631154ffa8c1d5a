import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { agent, agentKey, apiToken, connector, NOW, registration, storedAgent, storedConnector } from './fixtures.ts';
import { useStore } from './use-store.ts';

export function describeConnectorsAndAgents(backend: Backend): void {
  describe('connectors', () => {
    const store = useStore(backend);

    test('come back as they were stored, every field filled', async () => {
      const full = connector({
        credentialMode: 'shared',
        headerName: 'X-Api-Key',
        headerNames: ['X-Team', 'X-Trace'],
        sealedHeaders: 'sealed',
        oauth: {
          grant: 'authorization_code',
          issuer: 'https://as.example.com',
          authorizationEndpoint: null,
          tokenEndpoint: null,
          revocationEndpoint: null,
          scope: 'a b',
          scopeAllowList: null,
          resourcePolicy: 'auto',
          tokenEndpointAuthMethod: 'private_key_jwt',
          allowMissingPkce: false,
          allowLegacyDiscovery: true,
          offlineAccess: true,
          clientIssuer: null,
        },
        sealedClient: 'sealed',
        clientSetAt: NOW,
        discovery: {
          mode: 'protected_resource_metadata',
          issuer: 'https://as.example.com',
          resource: 'https://mcp.example.com',
          resourceMetadataUrl: null,
          scopesSupported: ['a', 'b'],
          challengedScope: null,
          discoveredAt: NOW,
        },
        protocol: {
          version: '2025-11-25',
          transport: 'streamable_http',
          serverName: 'naïve \u2028 \u0000 server',
          serverVersion: null,
          expiresAt: NOW,
        },
        reachability: {
          reachable: false,
          checkedAt: NOW,
          error: { code: 'upstream_timeout', message: 'slow', at: NOW },
        },
        toolReview: 'hold',
        limits: { callsInFlight: 4, timeoutSeconds: 30 },
        toolsSyncedAt: NOW,
        toolsError: { code: 'sync_failed', message: 'no', at: NOW },
        syncDueAt: NOW,
        syncFailures: 3,
      });
      await store().connectors.insert(full);
      expect(await store().connectors.get(full.id)).toEqual(full);
      expect(await store().connectors.getByKey(full.key)).toEqual(full);
      expect(await store().connectors.keys()).toContain(full.key);
    });

    test('come back as they were stored, every optional field null', async () => {
      const bare = await storedConnector(store(), { authType: 'none', credentialMode: null });
      expect(await store().connectors.get(bare.id)).toEqual(bare);
    });

    test.each(['name', 'key'] as const)('refuse a taken %s as a conflict of that field', async (field) => {
      const first = await storedConnector(store());
      const second = connector({ [field]: first[field] });
      const refusal = { code: 'conflict', details: { field } };
      await expect(store().connectors.insert(second)).rejects.toMatchObject(refusal);
      const other = await storedConnector(store());
      await expect(store().connectors.update(other.id, { [field]: first[field] })).rejects.toMatchObject(refusal);
      expect(await store().connectors.get(other.id)).toEqual(other);
    });

    test('change only in the fields that a patch names, null included', async () => {
      const before = await storedConnector(store(), { sealedHeaders: 'sealed', headerNames: ['A'] });
      const patch = { sealedHeaders: null, headerNames: [], updatedAt: NOW + 1 };
      expect(await store().connectors.update(before.id, patch)).toEqual({ ...before, ...patch });
      expect(await store().connectors.update(before.id, {})).toEqual({ ...before, ...patch });
      expect(await store().connectors.update('con_absent', patch)).toBeNull();
    });

    test('are due for sync from their time on, the longest due first', async () => {
      const late = await storedConnector(store(), { syncDueAt: NOW - 1_000_000 });
      const later = await storedConnector(store(), { syncDueAt: NOW - 2_000_000 });
      await storedConnector(store(), { syncDueAt: NOW - 999_999 });
      const due = await store().connectors.dueForSync(NOW - 1_000_000, 10);
      expect(due.map((each) => each.id)).toEqual([later.id, late.id]);
      expect(await store().connectors.dueForSync(NOW - 1_000_000, 1)).toHaveLength(1);
    });
  });

  describe('agents and their keys', () => {
    const store = useStore(backend);

    test('come back as they were stored and change by patch', async () => {
      const record = await storedAgent(store(), {
        enabled: false,
        limits: { callsPerMinute: 60, callsInFlight: null },
      });
      expect(await store().agents.get(record.id)).toEqual(record);
      expect(await store().agents.update(record.id, { enabled: true })).toEqual({ ...record, enabled: true });
      expect(await store().agents.update(record.id, {})).toEqual({ ...record, enabled: true });
      expect(await store().agents.update('agt_absent', { enabled: true })).toBeNull();
    });

    test('refuse a taken name as a conflict of that field', async () => {
      const first = await storedAgent(store());
      const refusal = { code: 'conflict', details: { field: 'name' } };
      await expect(store().agents.insert(agent({ name: first.name }))).rejects.toMatchObject(refusal);
      const second = await storedAgent(store());
      await expect(store().agents.update(second.id, { name: first.name })).rejects.toMatchObject(refusal);
    });

    test('a key is found by its hash, touched, and deleted only through its own agent', async () => {
      const [mine, other] = [await storedAgent(store()), await storedAgent(store())];
      const key = agentKey(mine.id, { expiresAt: NOW + 1 });
      await store().agents.insertKey(key);
      await store().agents.touchKeys([key.id, 'key_absent'], NOW + 5);
      await store().agents.touchKeys([key.id], NOW + 4);
      expect(await store().agents.findKey(key.hash)).toEqual({ ...key, lastUsedAt: NOW + 5 });
      expect(await store().agents.deleteKey(other.id, key.id)).toBe(false);
      expect(await store().agents.deleteKey(mine.id, key.id)).toBe(true);
      expect(await store().agents.findKey(key.hash)).toBeNull();
    });

    test('a key of an agent that is gone is refused as not_found', async () => {
      await expect(store().agents.insertKey(agentKey('agt_absent'))).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  describe('API tokens, registrations and authorization servers', () => {
    const store = useStore(backend);

    test('an API token is counted, found by its hash, touched and deleted', async () => {
      expect(await store().apiTokens.count()).toBe(0);
      const token = apiToken({ role: 'owner' });
      await store().apiTokens.insert(token);
      await store().apiTokens.touch(token.id, NOW);
      expect(await store().apiTokens.find(token.hash)).toEqual({ ...token, lastUsedAt: NOW });
      expect(await store().apiTokens.count()).toBe(1);
      expect(await store().apiTokens.delete(token.id)).toBe(true);
      expect(await store().apiTokens.delete(token.id)).toBe(false);
    });

    test('API tokens are found by their maker and by their id', async () => {
      const [one, other] = [apiToken({ createdBy: 'person:a' }), apiToken({ createdBy: 'person:b' })];
      for (const each of [one, other, apiToken()]) await store().apiTokens.insert(each);
      expect(await store().apiTokens.madeBy('person:a')).toEqual([one]);
      expect(await store().apiTokens.get(other.id)).toEqual(other);
      expect(await store().apiTokens.get('tok_absent')).toBe(null);
    });

    test('a registration replaces the one of the same issuer and redirect URI, and no other', async () => {
      const first = registration();
      const elsewhere = registration({ issuer: first.issuer, redirectUri: 'https://other.example.com/callback' });
      const second = registration({ issuer: first.issuer, tokenEndpointAuthMethod: 'client_secret_basic' });
      for (const each of [first, elsewhere, second, second]) await store().registrations.put(each);
      expect(await store().registrations.find(first.issuer, first.redirectUri)).toEqual(second);
      expect(await store().registrations.find(first.issuer, elsewhere.redirectUri)).toEqual(elsewhere);
      expect(await store().registrations.get(first.id)).toBeNull();
      expect(await store().registrations.delete(second.id)).toBe(true);
      expect(await store().registrations.find(first.issuer, first.redirectUri)).toBeNull();
    });

    test('the metadata of an issuer is replaced whole', async () => {
      const server = {
        issuer: 'https://as.example.com/tenant',
        metadata: { a: [1, 2], b: { c: null }, odd: '\u0000' },
        metadataUrl: 'https://as.example.com/.well-known/oauth-authorization-server/tenant',
        fetchedAt: NOW,
        expiresAt: NOW + 1,
      };
      await store().authorizationServers.put(server);
      const newer = { ...server, metadata: { z: true }, metadataUrl: null, expiresAt: NOW + 2 };
      await store().authorizationServers.put(newer);
      expect(await store().authorizationServers.get(server.issuer)).toEqual(newer);
      expect(await store().authorizationServers.get('https://other.example.com')).toBeNull();
    });
  });
}

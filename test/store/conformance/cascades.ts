import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import {
  agentKey,
  auditEntry,
  credential,
  flow,
  NOW,
  storedAgent,
  storedConnector,
  tool,
  transcriptEntry,
} from './fixtures.ts';
import { useStore } from './use-store.ts';

export function describeCascades(backend: Backend): void {
  describe('deleting', () => {
    const store = useStore(backend);

    async function household() {
      const [mine, other] = [await storedAgent(store()), await storedAgent(store())];
      const [first, second] = [await storedConnector(store()), await storedConnector(store())];
      const flows = [flow(first.id, { agentId: mine.id }), flow(first.id), flow(second.id, { agentId: other.id })];
      for (const each of flows) await store().flows.insert(each);
      for (const connectorId of [first.id, second.id]) {
        await store().credentials.put(credential(connectorId));
        for (const { id } of [mine, other]) await store().credentials.put(credential(connectorId, { agentId: id }));
        await store().tools.saveSnapshot(connectorId, '', [tool('a')], NOW);
        await store().transcripts.append([transcriptEntry(connectorId, { agentId: mine.id })], 10);
      }
      for (const { id: agentId } of [mine, other]) {
        const grants = [first, second].map(({ id: connectorId }) => ({ agentId, connectorId, toolName: 'a' }));
        await store().grants.replace(agentId, grants);
        await store().agents.insertKey(agentKey(agentId, { hash: `key of ${agentId}` }));
        await store().audit.append(auditEntry({ agentId, connectorId: first.id }));
      }
      return { mine, other, first, second, flows };
    }
    const flowsLeft = async (flows: readonly { id: string }[]) =>
      (await Promise.all(flows.map((each) => store().flows.get(each.id)))).map((each) => each !== null);

    test('a connector takes its credentials, tools, grants, flows and transcript, and nothing of another', async () => {
      const { mine, first, second, flows } = await household();
      expect(await store().connectors.delete(first.id)).toBe(true);
      expect(await store().connectors.delete(first.id)).toBe(false);
      expect(await store().credentials.listByConnector(first.id)).toEqual([]);
      expect(await store().tools.list(first.id)).toEqual([]);
      expect((await store().transcripts.list(first.id, { limit: 5 })).items).toEqual([]);
      expect(await flowsLeft(flows)).toEqual([false, false, true]);
      expect((await store().grants.listByAgent(mine.id)).map((each) => each.connectorId)).toEqual([second.id]);
      expect(await store().credentials.listByConnector(second.id)).toHaveLength(3);
      expect(await store().tools.list(second.id)).toHaveLength(1);
      expect((await store().transcripts.list(second.id, { limit: 5 })).items).toHaveLength(1);
      expect((await store().audit.list({ connectorId: first.id }, { limit: 5 })).items).toHaveLength(2);
    });

    test('an agent takes its keys, grants, credentials and flows, and nothing of another', async () => {
      const { mine, other, first, flows } = await household();
      expect(await store().agents.delete(mine.id)).toBe(true);
      expect(await store().agents.delete(mine.id)).toBe(false);
      expect(await store().agents.findKey(`key of ${mine.id}`)).toBeNull();
      expect(await store().grants.listByAgent(mine.id)).toEqual([]);
      expect(await store().credentials.listByAgent(mine.id)).toEqual([]);
      expect(await flowsLeft(flows)).toEqual([false, true, true]);
      expect(await store().agents.findKey(`key of ${other.id}`)).not.toBeNull();
      expect(await store().grants.listByAgent(other.id)).toHaveLength(2);
      expect(await store().credentials.listByConnector(first.id)).toHaveLength(2);
      expect((await store().transcripts.list(first.id, { limit: 5 })).items).toHaveLength(1);
      expect((await store().audit.list({ agentId: mine.id }, { limit: 5 })).items).toHaveLength(1);
    });
  });
}

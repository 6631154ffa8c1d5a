// Without HTTP: add a server, make an agent, and get the headers with which that agent may speak to it.

import { createHub, generateKey } from 'chatelaine';

export async function headersFor(serverUrl: string, token: string, file: string, allowedPrivateHosts = '') {
  const { hub, close } = await createHub({
    url: 'http://127.0.0.1:4100',
    database: { kind: 'sqlite', file },
    encryptionKeys: generateKey(),
    allowedPrivateHosts,
    background: false,
  });
  const me = { name: 'example' };
  const connector = await hub.connectors.create(
    { name: 'My server', url: serverUrl, authType: 'bearer', credentialMode: 'per_agent' },
    me,
  );
  const agent = await hub.agents.create({ name: 'My agent' }, me);
  await hub.agents.setCredential(agent.id, connector.id, token, me);
  const { headers } = await hub.resolve(connector.id, agent.id);
  await close();
  return { headers, tools: connector.tools.count };
}

// Remote control of a running stand-in, for demos: GET and POST /__faults, POST /__actions/<name>. Loopback only.
import type { IncomingMessage } from 'node:http';
import { mergeFaults } from './faults.ts';
import type { Answer } from './http.ts';
import { jsonAnswer, notFound, parseObject } from './http.ts';
import type { RunningProvider } from './types.ts';

const FAULTS_PATH = '/__faults';
const ACTIONS_PATH = '/__actions/';
const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

export function isControlPath(path: string): boolean {
  return path === FAULTS_PATH || path.startsWith(ACTIONS_PATH);
}

export async function control(provider: RunningProvider, request: IncomingMessage, body: string): Promise<Answer> {
  if (!LOOPBACK.has(request.socket.remoteAddress ?? '')) return jsonAnswer(403, { error: 'loopback only' });
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (path === FAULTS_PATH && request.method === 'GET') return jsonAnswer(200, provider.faults);
  // A web page cannot send this type across origins without a preflight, which is never answered.
  if (request.method !== 'POST' || !request.headers['content-type']?.startsWith('application/json')) {
    return jsonAnswer(405, { error: 'POST application/json' });
  }
  if (path === FAULTS_PATH) {
    const change = parseObject(body);
    if (!change) return jsonAnswer(400, { error: 'the body must be a JSON object' });
    mergeFaults(provider.faults, change);
    return jsonAnswer(200, provider.faults);
  }
  const actions: Record<string, () => Promise<void>> = {
    'expire-access-tokens': () => provider.expireAccessTokens(),
    'revoke-grants': () => provider.revokeGrants(),
    'forget-clients': () => provider.forgetClients(),
  };
  const action = actions[path.slice(ACTIONS_PATH.length)];
  if (!action) return notFound();
  await action();
  return jsonAnswer(200, { done: path.slice(ACTIONS_PATH.length) });
}

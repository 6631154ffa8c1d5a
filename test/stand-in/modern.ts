// A stand-in of 2026-07-28 over the official 2.x package. Each account has a handler of its own, and so its own
// subscriptions.

import type { McpHttpHandler } from '@modelcontextprotocol/server';
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import { fromWebResponse, send, toWebRequest } from '../../providers/http.ts';
import type { Face, FaceOptions } from './server.ts';
import { DEFINITIONS, noteOf, QUESTION, run, said } from './tools.ts';

export function modernFace({ answers, held }: FaceOptions): Face {
  const handlers = new Map<string, McpHttpHandler>();

  const serverOf = (account: string): Server => {
    const server = new Server(
      { name: 'stand-in 2026-07-28', version: '1.0.0' },
      { capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } } },
    );
    server.setRequestHandler('tools/list', () => ({ tools: DEFINITIONS }) as never);
    server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
      const work = {
        account,
        nonce: String(params.arguments?.nonce ?? ''),
        signal: mcpReq.signal,
        async progress(progress: number, total: number) {
          const progressToken = mcpReq._meta?.progressToken;
          if (progressToken === undefined) return;
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total } });
        },
      };
      if (params.name === 'refuse') throw new ProtocolError(ProtocolErrorCode.InternalError, `refused ${work.nonce}`);
      if (params.name !== 'ask') return run(params.name, work, held);
      const name = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'who')?.name;
      if (name === undefined) return inputRequired({ inputRequests: { who: inputRequired.elicit(QUESTION) } }) as never;
      return said(work, { action: 'accept', name });
    });
    server.setRequestHandler('resources/list', () => ({ resources: [{ uri: noteOf(account), name: account }] }));
    server.setRequestHandler('resources/read', ({ params: { uri } }) => {
      if (uri !== noteOf(account))
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such resource');
      return { contents: [{ uri, text: `the note of ${account}` }] };
    });
    return server;
  };
  const handlerOf = (account: string): McpHttpHandler => {
    const known = handlers.get(account);
    if (known !== undefined) return known;
    // JSON alone would leave out progress; "auto" is JSON until there is any.
    const responseMode = answers === 'sse' ? 'sse' : 'auto';
    const made = createMcpHandler(() => serverOf(account), { legacy: 'reject', responseMode });
    handlers.set(account, made);
    return made;
  };

  return {
    async handle(request, response, body, account) {
      const url = new URL(request.url ?? '/', 'http://stand-in.test').href;
      const web = toWebRequest(request, response, url, body === undefined ? '' : JSON.stringify(body));
      await send(response, await fromWebResponse(await handlerOf(account).fetch(web)));
    },
    async noteChanged(account) {
      handlers.get(account)?.notify.resourceUpdated(noteOf(account));
    },
    async close() {
      const ending = [...handlers.values()];
      handlers.clear();
      await Promise.all(ending.map((handler) => handler.close()));
    },
  };
}

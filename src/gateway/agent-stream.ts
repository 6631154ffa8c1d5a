// The answer to one request of an agent: plain JSON as long as there is only a result, an event stream from
// the moment that something comes before it (progress, log messages, questions of the server).

import { AGENT_UNREAD_MAX_BYTES, MAIL_MAX_CHARACTERS, QUESTION_LIFETIME_MS } from '../limits.ts';
import type { JsonObject } from '../mcp/json.ts';
import { isObject } from '../mcp/json.ts';
import type { RequestId } from '../mcp/json-rpc.ts';
import type { Peer } from '../mcp/types.ts';
import { RpcError } from '../mcp/types.ts';
import { type AgentAnswer, eventStream, jsonText } from './answers.ts';
import type { Mailbox } from './mailbox.ts';

const QUESTION_ID = /^[0-9a-f-]{36}$/;

/** Questions that wait for an agent's answer, by the ids under which they were asked. */
export type OpenQuestions = {
  ask(agentId: string, send: (id: string) => void, signal: AbortSignal): Promise<JsonObject>;
  /** Takes an answer, for another replica when nobody here asked that. */
  answer(agentId: string, id: RequestId, body: JsonObject): void | Promise<void>;
};

export function createOpenQuestions(mailbox: Mailbox): OpenQuestions {
  const waiting = new Map<string, (body: JsonObject) => void>();
  return {
    async ask(agentId, send, signal) {
      const id = crypto.randomUUID();
      const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
      const ended = AbortSignal.any([signal, AbortSignal.timeout(QUESTION_LIFETIME_MS)]);
      const giveUp = (): void => reject(ended.reason);
      ended.addEventListener('abort', giveUp, { once: true });
      const address = addressOf(agentId, id);
      waiting.set(address, resolve);
      const unlisten = mailbox.listen(address, resolve);
      try {
        send(id);
        const body = await promise;
        if (isObject(body.result)) return body.result;
        throw new RpcError(errorIn(body));
      } finally {
        ended.removeEventListener('abort', giveUp);
        waiting.delete(address);
        unlisten();
      }
    },
    answer(agentId, id, body) {
      const address = addressOf(agentId, id);
      const resolve = waiting.get(address);
      if (resolve !== undefined) resolve(body);
      // Only what looks like a question of a replica, and no more than a person's answer.
      else if (QUESTION_ID.test(String(id)) && JSON.stringify(body).length <= MAIL_MAX_CHARACTERS)
        return mailbox.leave(agentId, address, body);
      return undefined;
    },
  };
}

function addressOf(agentId: string, id: RequestId): string {
  return `answer ${agentId} ${id}`;
}

function errorIn(body: JsonObject): { code: number; message: string; data: unknown } {
  const error = isObject(body.error) ? body.error : {};
  return {
    code: typeof error.code === 'number' ? error.code : -32603,
    message: typeof error.message === 'string' ? error.message : 'The question was not answered',
    data: error.data,
  };
}

/** The message that ends a request; status and headers count only where nothing came before it. */
export type FinalAnswer = {
  readonly text: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
};

export type AgentStream = {
  readonly peer: Peer;
  /** The answer, as soon as it is known which kind it will be; `final` must not fail. */
  respond(final: Promise<FinalAnswer>): Promise<AgentAnswer>;
};

/**
 * @param onClose called when the agent hangs up before the end
 */
export function createAgentStream(
  agentId: string,
  questions: OpenQuestions,
  signal: AbortSignal,
  onClose: () => void,
): AgentStream {
  const encoder = new TextEncoder();
  const opened = Promise.withResolvers<AgentAnswer>();
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  let isOver = false;

  const open = (): ReadableStreamDefaultController<Uint8Array> => {
    if (controller !== null) return controller;
    const body = new ReadableStream<Uint8Array>(
      {
        start(started) {
          controller = started;
        },
        cancel() {
          isOver = true;
          onClose();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: AGENT_UNREAD_MAX_BYTES }),
    );
    opened.resolve(eventStream(body));
    if (controller === null) throw new Error('A stream did not start.');
    return controller;
  };
  const write = (text: string): void => {
    if (!isOver) open().enqueue(encoder.encode(`event: message\ndata: ${text}\n\n`));
  };
  const say = (message: JsonObject): void => write(JSON.stringify({ jsonrpc: '2.0', ...message }));

  return {
    peer: {
      notify(method, params) {
        // Progress and log messages may be lost; whoever does not read them must not make them pile up here.
        if (controller !== null && (controller.desiredSize ?? 0) <= 0) return;
        say({ method, ...(params === undefined ? {} : { params }) });
      },
      ask: (method, params) =>
        questions.ask(agentId, (id) => say({ id, method, ...(params === undefined ? {} : { params }) }), signal),
    },
    respond(final) {
      void final.then(({ text, status, headers }) => {
        if (controller === null) {
          opened.resolve(jsonText(text, status, headers));
        } else {
          write(text);
          if (!isOver) controller.close();
        }
        isOver = true;
      });
      return opened.promise;
    },
  };
}

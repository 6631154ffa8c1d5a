// JSON-RPC batches, which MCP 2025-03-26 alone has: a server must be able to receive one. Its messages are
// answered one after the other, and all answers come as one array.

import { MCP_ANSWER_MAX_BYTES } from '../limits.ts';
import { isObject, parseExact } from '../mcp/json.ts';
import { messagesOfEvent } from '../mcp/read-answer.ts';
import { readEvents, startOfStream } from '../mcp/sse.ts';
import { type AgentAnswer, AgentRefusal, accepted, asResponse, INVALID_REQUEST, json } from './answers.ts';

const BATCH_VERSION = '2025-03-26';
const BATCH_MAX_MESSAGES = 50;

/**
 * Answers every message of a batch.
 *
 * @param version what the agent's session agreed on
 * @throws AgentRefusal for any other revision, and for more messages than anybody needs
 */
export async function answerBatch(
  version: string,
  messages: readonly unknown[],
  answerOne: (message: unknown) => Promise<AgentAnswer>,
): Promise<AgentAnswer> {
  if (version !== BATCH_VERSION || messages.length === 0 || messages.length > BATCH_MAX_MESSAGES)
    throw new AgentRefusal(400, INVALID_REQUEST, 'Send one message, not a batch.');
  const answers: unknown[] = [];
  for (const message of messages) {
    if (isObject(message) && message.method === 'initialize')
      throw new AgentRefusal(400, INVALID_REQUEST, 'initialize must not be part of a batch.');
    answers.push(...(await answersIn(await answerOne(message))));
  }
  return answers.length === 0 ? accepted() : json(answers);
}

/** The answers alone: what came before them on a stream has no place in an array of answers. */
async function answersIn(answer: AgentAnswer): Promise<unknown[]> {
  const response = asResponse(answer);
  if (!response.headers.get('content-type')?.includes('text/event-stream')) {
    const text = await response.text();
    return text === '' ? [] : [parseExact(text)];
  }
  const answers: unknown[] = [];
  for await (const { type, data } of readEvents(response.body, startOfStream(), {
    maxEventBytes: MCP_ANSWER_MAX_BYTES,
  })) {
    const isAnswer = messagesOfEvent(type, data).some(({ kind }) => kind === 'result' || kind === 'error');
    if (isAnswer) answers.push(parseExact(data));
  }
  return answers;
}

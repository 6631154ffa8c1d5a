// What a trace tells of one request: a span for the request itself, and one for each time that its server was
// asked, which travels on so that the server's own spans hang on it. The agent's context comes in the message
// (`_meta`, SEP-414) or in the headers, and goes on in the same places. Never arguments, results or secrets.
// Only who was let in is traced: nobody else can fill an operator's collector.
// @see docs/decisions/0008-where-traces-go.md

import { isObject } from '../mcp/json.ts';
import type { Visit } from './agent-call.ts';
import type { AgentMessage } from './agent-message.ts';
import { type AgentAnswer, AgentRefusal } from './answers.ts';
import { contextIn, type RequestTrace, requestTrace, type Tracer } from './request-trace.ts';

const METHOD_MAX_CHARACTERS = 100;

/** Runs `answer` under a span that ends with the request. */
export async function traced(
  tracer: Tracer,
  { access, headers }: Visit,
  { method, params, era }: Extract<AgentMessage, { kind: 'request' }>,
  answer: (trace: RequestTrace) => Promise<AgentAnswer>,
): Promise<AgentAnswer> {
  const meta = isObject(params._meta) ? params._meta : {};
  const parent = contextIn(meta) ?? contextIn(headers);
  const known = method.slice(0, METHOD_MAX_CHARACTERS);
  const given = { 'mcp.method.name': known, 'chatelaine.agent.id': access.agent.id, 'chatelaine.era': era };
  const span = tracer.serve(known, parent, given);
  const trace = requestTrace(span, known);
  try {
    const answered = await answer(trace);
    trace.answered();
    return answered;
  } catch (error) {
    const isRefusal = error instanceof AgentRefusal;
    trace.ends({
      outcome: isRefusal ? 'refused' : 'error',
      errorCode: isRefusal ? `refused ${error.code}` : 'internal_error',
    });
    throw error;
  }
}

// Answers to a server's questions (elicitation): the defaults of a form, and the retries by which a modern
// server gets its answers (MCP 2026-07-28, "Multi Round-Trip Requests").

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { INPUT_ROUNDS_MAX } from '../limits.ts';
import type { CallOptions, CallOutcome } from './call-tool.ts';
import { callMethod } from './call-tool.ts';
import type { JsonObject } from './json.ts';
import { isObject, stringField } from './json.ts';
import type { ElicitationAnswer, ElicitationHandler } from './types.ts';
import type { Upstream } from './upstream.ts';

/**
 * The content of an accepted form in which the person filled in nothing: the defaults of its schema.
 *
 * @see SEP-1034 (MCP 2025-11-25, "Elicitation")
 */
export function acceptWithDefaults(requestedSchema: unknown): Record<string, unknown> {
  const properties =
    isObject(requestedSchema) && isObject(requestedSchema.properties) ? requestedSchema.properties : {};
  const filled = Object.entries(properties).flatMap(([name, schema]) =>
    isObject(schema) && Object.hasOwn(schema, 'default') ? [[name, schema.default] as const] : [],
  );
  return Object.fromEntries(filled);
}

/**
 * Calls, and answers what the server asks through `handler` until the result is complete.
 *
 * @throws protocol_error when the server asks for something that is not elicitation, or asks too often; what
 *   {@link callMethod} and `handler` throw
 */
export async function answerInputRequests(
  upstream: Upstream,
  call: CallOptions,
  handler: ElicitationHandler,
): Promise<JsonObject> {
  let outcome: CallOutcome = await callMethod(upstream, call);
  for (let round = 0; outcome.resultType === 'input_required'; round += 1) {
    if (round >= INPUT_ROUNDS_MAX) {
      throw new ChatelaineError(
        'protocol_error',
        `The server asked for input ${round} times in one call; it was given up.`,
      );
    }
    const inputResponses = await answersFor(outcome.result, handler);
    const { requestState } = outcome.result;
    outcome = await callMethod(upstream, {
      ...call,
      inputResponses: inputResponses ?? undefined,
      requestState: typeof requestState === 'string' ? requestState : undefined,
    });
  }
  return outcome.result;
}

/**
 * The answers to one `input_required` result, by the server's names; null when it asked nothing.
 *
 * @throws protocol_error, and what `handler` throws
 */
async function answersFor(
  result: JsonObject,
  handler: ElicitationHandler,
): Promise<Record<string, ElicitationAnswer> | null> {
  if (!isObject(result.inputRequests)) return null;
  const answers: [string, ElicitationAnswer][] = [];
  for (const [name, request] of Object.entries(result.inputRequests)) {
    answers.push([name, await answerOne(request, handler)]);
  }
  return Object.fromEntries(answers);
}

async function answerOne(request: unknown, handler: ElicitationHandler): Promise<ElicitationAnswer> {
  const method = stringField(request, 'method') ?? '';
  if (method !== 'elicitation/create' || !isObject(request)) {
    throw new ChatelaineError(
      'protocol_error',
      `The server asks for ${quoteForeign(method, 80)}, which Chatelaine did not offer; the call was given up.`,
    );
  }
  // Only forms were declared; a page to open is for a person to decide, in their own browser.
  const isForm = (stringField(request.params, 'mode') ?? 'form') === 'form';
  return isForm ? handler(request.params) : { action: 'decline' };
}

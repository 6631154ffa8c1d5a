// A server's answer on its way to the agent as the bytes that it is made of. Short ones go in one piece, long
// ones and event streams as they come, at the pace of the reader.

import type { AgentCall } from './agent-call.ts';
import { STREAM_HEADERS } from './answers.ts';
import type { CallMeter } from './call-meter.ts';

/** Up to this size one piece costs less than a stream. */
const ONE_PIECE_MAX_BYTES = 128 * 1024;

/** The answer as it is; its end, good or bad, is the call's. @throws what the body's stream fails with, for a short answer */
export async function passThrough(response: Response, call: AgentCall): Promise<Response> {
  const { meter } = call;
  const type = response.headers.get('content-type') ?? '';
  const isStream = type.includes('text/event-stream');
  const headers: Record<string, string> = isStream
    ? { ...STREAM_HEADERS }
    : { 'content-type': type || 'application/json' };
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  if (!isStream && length <= ONE_PIECE_MAX_BYTES) {
    const bytes = new Uint8Array(await meter.waits(response.arrayBuffer()));
    meter.passed(bytes);
    meter.ends();
    return new Response(bytes, { status: response.status, headers });
  }
  if (Number.isFinite(length)) headers['content-length'] = String(length);
  if (response.body === null) {
    meter.ends();
    return new Response(null, { status: response.status, headers });
  }
  return new Response(passStream(response.body, call.signal, isStream, meter), { status: response.status, headers });
}

/**
 * The bytes of `source` at the reader's pace.
 *
 * @param signal fires when the reader hangs up, which is an end and no fault
 */
export function passStream(
  source: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  isStream: boolean,
  meter?: Pick<CallMeter, 'passed' | 'ends'>,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            meter?.ends();
            return;
          }
          meter?.passed(value);
          controller.enqueue(value);
        } catch (error) {
          meter?.ends(signal.aborted ? 'cancelled' : 'error', signal.aborted ? null : 'upstream_unreachable');
          // An event stream that ends without a result says enough; half a JSON text must not look like a whole one.
          if (isStream || signal.aborted) controller.close();
          else controller.error(error);
        }
      },
      cancel(reason) {
        meter?.ends('cancelled');
        return reader.cancel(reason).catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

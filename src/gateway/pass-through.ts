// A server's answer on its way to the agent as the bytes that it is made of. What is here already, or short,
// goes in one piece; long ones and event streams as they come, at the pace of the reader.

import type { Cancellation } from '../hang-up.ts';
import type { AnswerBody, Flow, RawAnswer } from '../outbound.ts';
import type { AgentCall } from './agent-call.ts';
import { type AgentAnswer, STREAM_HEADERS } from './answers.ts';
import type { CallMeter } from './call-meter.ts';

const CONTENT_TYPE = /^\s*[\w.+-]+\/[\w.+-]+\s*(?:;[\x20-\x7e]*)?$/;
/** Up to this size a broken answer is told as such, because nothing of it has gone out yet. */
const ONE_PIECE_MAX_BYTES = 128 * 1024;

export function isEventStream({ headers }: Pick<RawAnswer, 'headers'>): boolean {
  return contentTypeOf(headers).startsWith('text/event-stream');
}

/** The answer as it is; its end, good or bad, is the call's. @throws what the body fails with, for a short answer */
export function passThrough(
  answer: RawAnswer,
  { meter, hangUp }: Pick<AgentCall, 'meter' | 'hangUp'>,
): AgentAnswer | Promise<AgentAnswer> {
  const { status, body } = answer;
  const isStream = isEventStream(answer);
  const headers = isStream ? STREAM_HEADERS : { 'content-type': contentTypeOf(answer.headers) };
  const inOnePiece = (whole: Uint8Array): AgentAnswer => {
    meter.passed(whole);
    meter.ends();
    return { status, headers, body: whole };
  };
  const whole = body.takeWhole();
  if (whole !== null) return inOnePiece(whole);
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  if (!isStream && length <= ONE_PIECE_MAX_BYTES) return meter.waits(collected(body)).then(inOnePiece);
  const sized = Number.isFinite(length) ? { ...headers, 'content-length': String(length) } : headers;
  return { status, headers: sized, body: passedOn(body, hangUp, isStream, meter) };
}

/**
 * The bytes of `source` at the reader's pace.
 *
 * @param cancellation fires when the reader hangs up, which is an end and no fault
 */
export function passedOn(
  source: AnswerBody,
  cancellation: Cancellation,
  isStream: boolean,
  meter?: Pick<CallMeter, 'passed' | 'ends' | 'waitsOn'>,
  onEnd?: () => void,
): Flow {
  const waited = meter?.waitsOn();
  return {
    pipe(sink) {
      source.pipe({
        write(chunk) {
          meter?.passed(chunk);
          return sink.write(chunk);
        },
        end() {
          onEnd?.();
          waited?.();
          meter?.ends();
          sink.end();
        },
        fail(reason) {
          onEnd?.();
          waited?.();
          meter?.ends(
            cancellation.aborted ? 'cancelled' : 'error',
            cancellation.aborted ? null : 'upstream_unreachable',
            !cancellation.aborted,
          );
          // An event stream that ends without a result says enough; half a JSON text must not look like a whole one.
          if (isStream || cancellation.aborted) sink.end();
          else sink.fail(reason);
        },
      });
    },
    resume: () => source.resume(),
    cancel(reason) {
      onEnd?.();
      waited?.();
      meter?.ends('cancelled');
      source.cancel(reason);
    },
  };
}

/** A server's word, which goes out as ours: plain, or what the protocol expects. */
function contentTypeOf(headers: RawAnswer['headers']): string {
  const type = headers['content-type'];
  return typeof type === 'string' && CONTENT_TYPE.test(type) ? type.trim().toLowerCase() : 'application/json';
}

function collected(body: AnswerBody): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    body.pipe({
      write(chunk) {
        chunks.push(chunk);
        bytes += chunk.byteLength;
        return true;
      },
      end() {
        const whole = new Uint8Array(bytes);
        let at = 0;
        for (const chunk of chunks) {
          whole.set(chunk, at);
          at += chunk.byteLength;
        }
        resolve(whole);
      },
      fail: reject,
    });
  });
}

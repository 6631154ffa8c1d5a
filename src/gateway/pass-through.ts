// A server's answer on its way to the agent as the bytes that it is made of. What is here already, or short,
// goes in one piece; long ones and event streams as they come, at the pace of the reader.

import type { Cancellation } from '../hang-up.ts';
import { TOOLS_WATCH_MS } from '../limits.ts';
import { type AnswerBody, type Flow, isAbandoned, type RawAnswer } from '../outbound.ts';
import type { AgentCall } from './agent-call.ts';
import { type AgentAnswer, STREAM_HEADERS } from './answers.ts';
import type { CallMeter } from './call-meter.ts';
import { codeOfFailure, isServerFault, isTimeout } from './failures.ts';

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
  // An event stream may end early, and must not promise more than it keeps.
  const sized = isStream || !Number.isFinite(length) ? headers : { ...headers, 'content-length': String(length) };
  return { status, headers: sized, body: passedOn(body, hangUp, { isStream, meter }) };
}

type PassingOptions = {
  readonly isStream: boolean;
  readonly meter?: Pick<CallMeter, 'passed' | 'ends' | 'waitsOn'>;
  readonly onEnd?: () => void;
};

/**
 * The bytes of `source` at the reader's pace.
 *
 * @param cancellation fires when the reader hangs up, which is an end and no fault
 */
export function passedOn(
  source: AnswerBody,
  cancellation: Cancellation,
  { isStream, meter, onEnd }: PassingOptions,
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
          const hasLeft = (cancellation.aborted && !isTimeout(cancellation.reason)) || isAbandoned(reason);
          meter?.ends(
            hasLeft ? 'cancelled' : 'error',
            hasLeft ? null : codeOfFailure(reason),
            !hasLeft && isServerFault(reason),
          );
          // An event stream that ends without a result says enough; half a JSON text must not look like a whole one.
          if (isStream) sink.end();
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

/** The same while `isAllowed` says so, which is asked every second; then it ends. */
export function whileAllowed(flow: Flow, isAllowed: () => Promise<boolean>): Flow {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  return {
    pipe(sink) {
      const look = (): void => {
        timer = setTimeout(async () => {
          // A database out of reach says nothing about what is allowed.
          const may = await isAllowed().catch(() => true);
          if (isOver) return;
          if (may) return look();
          stop();
          flow.cancel(new DOMException('The agent may not listen any more.', 'AbortError'));
          sink.end();
        }, TOOLS_WATCH_MS);
      };
      look();
      flow.pipe({
        write: (chunk) => (isOver ? true : sink.write(chunk)),
        end() {
          if (isOver) return;
          stop();
          sink.end();
        },
        fail(reason) {
          if (isOver) return;
          stop();
          sink.fail(reason);
        },
      });
    },
    resume: () => flow.resume(),
    cancel(reason) {
      stop();
      flow.cancel(reason);
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

// Loaded into a replica before Chatelaine itself: kills the process by SIGKILL at a step that the suite named. The
// steps are what can be seen from outside Chatelaine's own code: its requests, by undici's diagnostics, and its
// statements, by the driver. Changes nothing else.

import { subscribe } from 'node:diagnostics_channel';
import pg from 'pg';

/** @typedef {{ at: 'request' | 'sent' | 'answered', path: string, body?: string } | { at: 'before' | 'after', statement: string, count?: number }} Step */

/** @type {Step | null} */
let step = null;
let left = 1;

process.on('message', (/** @type {{ step: Step | null }} */ message) => {
  step = message.step;
  left = step !== null && 'count' in step ? (step.count ?? 1) : 1;
  process.send?.({ armed: step !== null });
});
process.channel?.unref();

/** @returns {never} */
function die() {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing more may happen.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

/** @param {string} moment @returns {(message: unknown) => void} */
const atRequest = (moment) => (message) => {
  if (step === null || !('path' in step) || step.at !== moment) return;
  const { request } = /** @type {{ request: { path: string, body?: unknown } }} */ (message);
  if (!new RegExp(step.path).test(request.path)) return;
  if (step.body !== undefined && !isIn(request.body, step.body)) return;
  die();
};
subscribe('undici:request:create', atRequest('request'));
subscribe('undici:request:bodySent', atRequest('sent'));
subscribe('undici:request:headers', atRequest('answered'));

/** @param {unknown} body @param {string} wanted A body that cannot be looked into may be the one. */
const isIn = (body, wanted) =>
  !(typeof body === 'string' || body instanceof Uint8Array) || Buffer.from(body).includes(wanted);

const query = pg.Client.prototype.query;
pg.Client.prototype.query = /** @type {typeof query} */ (
  /** @this {pg.Client} @param {any[]} values */
  function (...values) {
    const text = typeof values[0] === 'string' ? values[0] : values[0]?.text;
    const isIt = (/** @type {'before' | 'after'} */ at) =>
      step !== null && 'statement' in step && step.at === at && new RegExp(step.statement).test(String(text));
    const hit = () => {
      left -= 1;
      if (left <= 0) die();
    };
    if (isIt('before')) hit();
    const answer = /** @type {any} */ (query).apply(this, values);
    if (isIt('after') && answer instanceof Promise) answer.then(hit, () => undefined);
    return answer;
  }
);

// A provider that is down, slow, flapping, or answers anything but what it should. None of it is a revocation.

import type { Faults } from '../../providers/index.ts';
import { type Fault, pause } from '../fault.ts';
import type { World } from '../world.ts';

/** Short enough for the pause after it to be over within the time in which all must be well again. */
const LASTS_MS = 4_000;
const JSON_TYPE = { 'content-type': 'application/json' };

/** One of the stand-ins, chosen anew each time: the others must not suffer. */
function misbehaving(name: string, faults: Faults, more: Partial<Fault> = {}): Fault {
  return {
    name: `provider ${name}`,
    async inject({ providers, random, excuse }: World) {
      const from = Date.now();
      Object.assign(random.one(providers).running.faults, structuredClone(faults));
      await pause(LASTS_MS);
      // What was not answered with tokens is asked again with the same one.
      await excuse.interrupted(from);
    },
    async end({ providers }: World) {
      for (const { running } of providers) {
        for (const fault of Object.keys(faults)) delete (running.faults as Record<string, unknown>)[fault];
      }
    },
    ...more,
  };
}

const token = (status: number, body: string, headers: Record<string, string> = JSON_TYPE): Faults => ({
  answer: { token: { status, headers, body } },
});

export const providerFaults: readonly Fault[] = [
  misbehaving('down', { dropBefore: { token: 1_000, mcp: 100_000, resourceMetadata: 1_000, serverMetadata: 1_000 } }),
  misbehaving('slow', { delayMs: { token: 1_500, mcp: 500 } }),
  misbehaving('refusing every token for a while', {
    answer: { mcp: { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '' } },
  }),
  misbehaving('answering 503 that speaks of the grant', token(503, '{"error":"invalid_grant"}'), { isShort: true }),
  misbehaving('asking to wait for years', token(429, '{}', { ...JSON_TYPE, 'retry-after': '999999999' })),
  misbehaving('answering a page at its token endpoint', { html: { token: true } }),
  misbehaving('answering half a document', token(200, '{"access_token":"')),
  misbehaving('answering ten megabytes', { hugeBodyMb: { serverMetadata: 10, resourceMetadata: 10 } }),
  misbehaving('publishing garbage', { html: { serverMetadata: true, resourceMetadata: true } }),
  misbehaving('naming another issuer', { mismatchedIssuer: true }),
];

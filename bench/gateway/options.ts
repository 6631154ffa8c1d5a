// What `npm run bench -- gateway` can be told, and the cells that follow from it.

import { parseArgs } from 'node:util';
import type { Era } from '../rig/messages.ts';

/** Of a result this large so many are asked for at once, whatever --c says. */
const LARGE_BYTES = 1_000_000;
const LARGE_IN_FLIGHT = 4;

const TARGET_NAMES = ['direct', 'bare-http', 'bare-undici', 'hub', 'hub-all', 'hub-legacy'] as const;

export type Mode = 'json' | 'sse';
export type Cell = { readonly era: Era; readonly mode: Mode; readonly sizeBytes: number; readonly inFlight: number };

export type GatewayOptions = {
  readonly cells: readonly Cell[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly prewarmSeconds: number;
  /** Names of the targets to run; null for all. */
  readonly only: readonly string[] | null;
  /** What the server behind the measured connector speaks. */
  readonly server: 'both' | 'legacy';
  readonly aa: boolean;
  readonly out: string | null;
  readonly profile: string | null;
  readonly hubRoot: string | null;
  readonly built: boolean;
};

export const GATEWAY_HELP = `npm run bench -- gateway [options]

  --era legacy,modern       2025-11-25 with a session, 2026-07-28 without
  --mode json,sse           how the server answers
  --size 200,20000,1000000  bytes of the result; from 1000000 on always 4 in flight
  --c 1,16,64               calls in flight
  --rounds 5 --t 3          rounds of each cell, seconds of each target in a round
  --warmup 0.4 --prewarm 4  seconds before each measurement, and for each target before all
  --only NAME,…             of direct, bare-http, bare-undici, hub (/mcp/{key}), hub-all (/mcp), hub-legacy (/mcp/{key}
                            of a server that speaks only the older revisions); the last two in small JSON cells
  --server both|legacy      what the server behind the hub's connector speaks (both)
  --hub-root FOLDER         the hub of another checkout
  --built                   the hub as the npm package holds it, built now, instead of its sources
  --profile FOLDER          a CPU profile of the hub, written there at the end
  --aa                      bare-undici a second time in place of the hub: how far apart is nothing?
  --out FILE                everything measured, every round of it, as JSON

One cell in about 20 s:
  npm run bench -- gateway --era legacy --mode json --size 200 --c 1,16 --rounds 3 --t 0.6 --warmup 0.2 --prewarm 1 \\
    --only direct,bare-undici,hub
A profile of it, without the others:
  npm run bench -- gateway --era modern --mode json --size 200 --c 16 --rounds 1 --t 8 --only hub --profile /tmp/profile
`;

/** @throws with one sentence on what cannot be read */
export function readGatewayOptions(args: readonly string[]): GatewayOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      era: { type: 'string', default: 'legacy,modern' },
      mode: { type: 'string', default: 'json,sse' },
      size: { type: 'string', default: `200,20000,${LARGE_BYTES}` },
      c: { type: 'string', default: '1,16,64' },
      rounds: { type: 'string', default: '5' },
      t: { type: 'string', default: '3' },
      warmup: { type: 'string', default: '0.4' },
      prewarm: { type: 'string', default: '4' },
      only: { type: 'string' },
      server: { type: 'string', default: 'both' },
      aa: { type: 'boolean', default: false },
      out: { type: 'string' },
      profile: { type: 'string' },
      'hub-root': { type: 'string' },
      built: { type: 'boolean', default: false },
    },
  });
  const modes = listOf(values.mode, 'mode', ['json', 'sse'] as const);
  const sizes = values.size.split(',').map((text) => positive(text, 'size'));
  const inFlights = values.c.split(',').map((text) => positive(text, 'c'));
  const cells = listOf(values.era, 'era', ['legacy', 'modern'] as const).flatMap((era) =>
    modes.flatMap((mode) =>
      sizes.flatMap((sizeBytes) =>
        (sizeBytes >= LARGE_BYTES ? [LARGE_IN_FLIGHT] : inFlights).map((inFlight) => ({
          era,
          mode,
          sizeBytes,
          inFlight,
        })),
      ),
    ),
  );
  const [server = 'both'] = listOf(values.server, 'server', ['both', 'legacy'] as const);
  return {
    cells,
    rounds: positive(values.rounds, 'rounds'),
    seconds: positive(values.t, 't'),
    warmupSeconds: Number(values.warmup),
    prewarmSeconds: Number(values.prewarm),
    only: values.only === undefined ? null : listOf(values.only, 'only', TARGET_NAMES),
    server,
    aa: values.aa,
    out: values.out ?? null,
    profile: values.profile ?? null,
    hubRoot: values['hub-root'] ?? null,
    built: values.built,
  };
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`--${option}: ${JSON.stringify(text)} is not a number above 0.`);
}

function listOf<T extends string>(text: string, option: string, known: readonly T[]): T[] {
  return text.split(',').map((name) => {
    const found = known.find((each) => each === name);
    if (found === undefined)
      throw new Error(`--${option}: there is no ${JSON.stringify(name)}, only ${known.join(', ')}.`);
    return found;
  });
}

// What `npm run bench -- hostile` can be told.

import { parseArgs } from 'node:util';

export const HOSTILE_HELP = `npm run bench -- hostile [options]

  --servers 1000           hostile servers, in fourteen ways
  --c 4 --t 3 --rounds 2   calls in flight, seconds of each measured time, rounds
`;

export type HostileOptions = {
  readonly servers: number;
  readonly inFlight: number;
  readonly seconds: number;
  readonly rounds: number;
};

/** @throws with one sentence on what cannot be read */
export function readHostileOptions(args: readonly string[]): HostileOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      servers: { type: 'string', default: '1000' },
      c: { type: 'string', default: '4' },
      t: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '2' },
    },
  });
  return {
    servers: Number(values.servers),
    inFlight: Number(values.c),
    seconds: Number(values.t),
    rounds: Number(values.rounds),
  };
}

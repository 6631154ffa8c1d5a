// What `npm run bench -- growth` can be told.

import { parseArgs } from 'node:util';

export const GROWTH_HELP = `npm run bench -- growth [options]

  --agents 10,1000,100000      numbers of agents, ten grants each; the first is what the others are held against
  --database sqlite,postgres   which databases
  --c 16 --rounds 5 --t 3      calls in flight, rounds, seconds of each in a round
  --prewarm 4                  seconds for each hub before all
  --cold 20000                 so many agents at most make a first call; only these are called afterwards
  --list 1000 --requests 500   tools of the list, requests for it; 0 requests leaves it out
  --hub-root FOLDER            the hub of another checkout
  --built                      the hub as the npm package holds it
`;

export type GrowthOptions = {
  readonly numbers: readonly number[];
  readonly databases: readonly string[];
  readonly inFlight: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly prewarmSeconds: number;
  readonly coldMax: number;
  readonly listTools: number;
  readonly listRequests: number;
  readonly root: string | null;
  readonly built: boolean;
};

/** @throws with one sentence on what cannot be read */
export function readGrowthOptions(args: readonly string[]): GrowthOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      agents: { type: 'string', default: '10,1000,100000' },
      database: { type: 'string', default: 'sqlite,postgres' },
      c: { type: 'string', default: '16' },
      rounds: { type: 'string', default: '5' },
      t: { type: 'string', default: '3' },
      prewarm: { type: 'string', default: '4' },
      cold: { type: 'string', default: '20000' },
      list: { type: 'string', default: '1000' },
      requests: { type: 'string', default: '500' },
      'hub-root': { type: 'string' },
      built: { type: 'boolean', default: false },
    },
  });
  return {
    numbers: values.agents === '' ? [] : values.agents.split(',').map(Number),
    databases: values.database.split(','),
    inFlight: Number(values.c),
    rounds: Number(values.rounds),
    seconds: Number(values.t),
    prewarmSeconds: Number(values.prewarm),
    coldMax: Number(values.cold),
    listTools: Number(values.list),
    listRequests: Number(values.requests),
    root: values['hub-root'] ?? null,
    built: values.built,
  };
}

// What `npm run bench -- growth` can be told.

import { parseArgs } from 'node:util';
import type { Size } from './fill.ts';

export const GROWTH_HELP = `npm run bench -- growth [options]

  --part agents,list,wide,refresh,replicas
                               which parts; all of them unless said otherwise
  --agents 10,1000,100000      numbers of agents, ten grants each; the first is what the others are held against
  --database sqlite,postgres   which databases
  --c 16 --rounds 5 --t 3      calls in flight, rounds, seconds of each in a round
  --prewarm 4                  seconds for each hub before all
  --cold 20000                 so many agents at most make a first call; only these are called afterwards
  --list 1000 --requests 500   tools of the list, requests for it
  --sizes 10:10:100,1000:1000:10000,100000:10000:1000000
                               agents:connectors:credentials of the part wide; the first is held against the others
  --pages 100                  requests of each page and query
  --fleet 10000 --answer 50    credentials that end in the same minute; milliseconds until a token is answered
  --hub-root FOLDER            the hub of another checkout
  --built                      the hub as the npm package holds it
`;

export type GrowthOptions = {
  readonly parts: readonly string[];
  readonly sizes: readonly Size[];
  readonly pages: number;
  readonly fleet: number;
  readonly answerAfterMs: number;
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
      part: { type: 'string', default: 'agents,list,wide,refresh,replicas' },
      sizes: { type: 'string', default: '10:10:100,1000:1000:10000,100000:10000:1000000' },
      pages: { type: 'string', default: '100' },
      fleet: { type: 'string', default: '10000' },
      answer: { type: 'string', default: '50' },
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
    parts: values.part.split(','),
    sizes: values.sizes.split(',').map((size) => {
      const [agents = 0, connectors = 0, credentials = 0] = size.split(':').map(Number);
      return { agents, connectors, credentials };
    }),
    pages: Number(values.pages),
    fleet: Number(values.fleet),
    answerAfterMs: Number(values.answer),
    numbers: values.agents.split(',').map(Number),
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

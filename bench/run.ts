// `npm run bench`: measures and prints; nothing here passes or fails. Alone it measures everything, the gateway
// and growth in a short form; with a name, that part in full. Those of everything go to the file of the day in
// bench/results, those of one part only with --keep.

import { benchGateway, printGateway } from './gateway/gateway.ts';
import { GATEWAY_HELP, readGatewayOptions } from './gateway/options.ts';
import { benchGrowth, type GrowthFigures, printGrowth } from './growth/growth.ts';
import { GROWTH_HELP, readGrowthOptions } from './growth/options.ts';
import { benchHostile, printHostile } from './hostile/hostile.ts';
import { HOSTILE_HELP, readHostileOptions } from './hostile/options.ts';
import { benchHub, printHub } from './hub-figures.ts';
import { benchPage, PAGE_HELP, printPage } from './page/page.ts';
import { keepResults, machineLine } from './results.ts';

const SHORT_GATEWAY = ['--c', '1,16', '--rounds', '3', '--t', '0.7', '--warmup', '0.2', '--prewarm', '2'];
const SHORT_GROWTH = [
  '--part',
  'agents,list',
  '--database',
  'sqlite',
  '--rounds',
  '3',
  '--t',
  '1',
  '--prewarm',
  '1',
  '--cold',
  '5000',
];

type Part = {
  readonly help: string;
  /** What it is told when everything is measured. */
  readonly short: readonly string[];
  /** Measures, prints, answers what is kept. */
  run(args: readonly string[]): Promise<Record<string, unknown>>;
};

const PARTS: Readonly<Record<string, Part>> = {
  hub: {
    help: 'npm run bench -- hub: start, paste to redirect, resolver, sync of 1,000 servers\n',
    short: [],
    async run() {
      const figures = await benchHub();
      console.log(`${printHub(figures)}\n`);
      return figures;
    },
  },
  gateway: {
    help: GATEWAY_HELP,
    short: SHORT_GATEWAY,
    async run(args) {
      const options = readGatewayOptions(args);
      const gateway = await benchGateway(options);
      console.log(`${printGateway(gateway, options)}\n`);
      return { gateway };
    },
  },
  hostile: {
    help: HOSTILE_HELP,
    short: ['--servers', '140', '--rounds', '1', '--t', '1'],
    async run(args) {
      const hostile = await benchHostile(readHostileOptions(args));
      console.log(`${printHostile(hostile)}\n`);
      return { hostile };
    },
  },
  growth: {
    help: GROWTH_HELP,
    short: SHORT_GROWTH,
    async run(args) {
      const growth = await benchGrowth(readGrowthOptions(args));
      console.log(`${printGrowth(growth)}\n`);
      return keptOf(growth);
    },
  },
  page: {
    help: PAGE_HELP,
    short: [],
    async run() {
      const page = await benchPage();
      console.log(`${printPage(page)}\n`);
      return { page };
    },
  },
};

/** What was measured, each part and database by itself, so that none replaces what another run found. */
function keptOf({ wide, refresh, replicas, ...growth }: GrowthFigures): Record<string, unknown> {
  return {
    ...(growth.agents.length + growth.toolList.length > 0 ? { growth } : {}),
    ...Object.fromEntries(wide.map(({ database, figures }) => [`growth, wide, ${database}`, figures])),
    ...Object.fromEntries(refresh.map((row) => [`growth, refresh, ${row.database}`, row])),
    ...(replicas.length > 0 ? { 'growth, replicas': replicas } : {}),
  };
}

/** @returns the exit code */
async function run([name, ...args]: readonly string[]): Promise<number> {
  const part = name !== undefined && Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
  if (name !== undefined && part === undefined) {
    const helps = Object.values(PARTS).map(({ help }) => help);
    console.error(helps.join('\n'));
    return name === '--help' ? 0 : 2;
  }
  if (part !== undefined && args.includes('--help')) {
    console.log(part.help);
    return 0;
  }
  console.log(`${machineLine()}\n`);
  if (part !== undefined) {
    const figures = await part.run(args.filter((arg) => arg !== '--keep'));
    if (args.includes('--keep')) await keepResults(figures);
    return 0;
  }
  const all: Record<string, unknown> = {};
  for (const each of Object.values(PARTS)) Object.assign(all, await each.run(each.short));
  await keepResults(all);
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

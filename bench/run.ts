// `npm run bench`: measures and prints; nothing here passes or fails. Alone it measures everything, the gateway in
// its short form; with a name, that part in full.

import { benchGateway, printGateway } from './gateway/gateway.ts';
import { GATEWAY_HELP, readGatewayOptions } from './gateway/options.ts';
import { benchHub, printHub } from './hub-figures.ts';
import { keepResults, machineLine } from './results.ts';

const SHORT_GATEWAY = ['--c', '1,16', '--rounds', '3', '--t', '0.7', '--warmup', '0.2', '--prewarm', '2'];

async function gateway(args: readonly string[]): Promise<void> {
  const options = readGatewayOptions(args);
  const figures = await benchGateway(options);
  console.log(`${machineLine()}\n\n${printGateway(figures, options)}`);
}

async function everything(): Promise<void> {
  const hub = await benchHub();
  console.log(`${machineLine()}\n\n${printHub(hub)}\n`);
  const options = readGatewayOptions(SHORT_GATEWAY);
  const figures = await benchGateway(options);
  console.log(printGateway(figures, options));
  await keepResults({ ...hub, gateway: figures });
}

const [name, ...args] = process.argv.slice(2);
if (args.includes('--help')) console.log(GATEWAY_HELP);
else if (name === undefined) await everything();
else if (name === 'gateway') await gateway(args);
else {
  console.error(
    `npm run bench measures everything; npm run bench -- gateway that part; there is no ${JSON.stringify(name)}.`,
  );
  process.exitCode = 2;
}

// placeholder
import { command } from './command.ts';
export const migrate = command({ options: {}, async run() { return 0; } });

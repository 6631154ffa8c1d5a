// Every fault, in the order in which they are put in.

import type { Fault } from './fault.ts';
import { databaseFaults } from './faults/database.ts';
import { killedFaults } from './faults/killed.ts';
import { networkFaults } from './faults/network.ts';
import { providerFaults } from './faults/provider.ts';

export const FAULTS: readonly Fault[] = [...killedFaults, ...databaseFaults, ...networkFaults, ...providerFaults];

// Every fault, in the order in which they are put in.

import type { Fault } from './fault.ts';
import { databaseFaults } from './faults/database.ts';

export const FAULTS: readonly Fault[] = [...databaseFaults];

// What the page of activity is narrowed to.

import type { StatsFilter } from '../../api/queries.ts';

export type ActivityFilter = Pick<StatsFilter, 'agentId' | 'connectorId' | 'toolName'>;

// The call log as the hub sees it: calls, their sums an hour, what was captured of them.

import type { CallCaptureRecord, CallHourRecord, CallOutcome, CallRecord, Page, PageRequest } from './records.ts';

export type CallFilter = {
  readonly agentId?: string | undefined;
  readonly connectorId?: string | undefined;
  readonly toolName?: string | undefined;
  readonly outcome?: CallOutcome | undefined;
  /** Ids are in the order of time: from this one on, and before that one. */
  readonly fromId?: string | undefined;
  readonly beforeId?: string | undefined;
};

export type CallStatsQuery = {
  /** Starts of hours: from this one on, and before that one. */
  readonly fromHour: number;
  readonly beforeHour: number;
  readonly agentId?: string | undefined;
  readonly connectorId?: string | undefined;
  readonly toolName?: string | undefined;
  readonly groupBy: 'agent' | 'connector' | 'tool' | 'hour' | 'all';
  /** Groups at most: those with the most calls, or the newest hours. */
  readonly limit: number;
};

/** One bucket of one group; a field that is not of the group is absent. */
export type CallBucket = Pick<CallHourRecord, 'measure' | 'bucket' | 'calls' | 'errors'> &
  Partial<Pick<CallHourRecord, 'hour' | 'agentId' | 'connectorId' | 'toolName'>>;

export type CallStore = {
  /**
   * Writes calls, what they add to their hours and what was captured of them, in one transaction; the same
   * calls again change nothing.
   */
  append(
    calls: readonly CallRecord[],
    hours: readonly CallHourRecord[],
    captures: readonly CallCaptureRecord[],
  ): Promise<void>;
  get(id: string): Promise<CallRecord | null>;
  getCapture(id: string): Promise<CallCaptureRecord | null>;
  /** Newest first. */
  list(filter: CallFilter, page: PageRequest): Promise<Page<CallRecord>>;
  /** Summed up in the database: as many rows as the groups have buckets, however many calls there were. */
  stats(query: CallStatsQuery): Promise<readonly CallBucket[]>;
  /** Deletes older calls with what was captured of them, and hours, a bounded number a statement. */
  deleteBefore(id: string, hour: number): Promise<number>;
};

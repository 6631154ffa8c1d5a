// Lists all tools of a server, page by page (MCP, "Pagination": cursors are opaque, even an empty one counts,
// and only their absence ends the list). What comes out is the whole list or an error, never a part.

import { ChatelaineError, isChatelaineError, quoteForeign } from '../errors.ts';
import {
  ANSWER_TIMEOUT_MS,
  LISTING_MAX_BYTES,
  LISTING_MAX_PAGES,
  LISTING_MAX_TOOLS,
  LISTING_TIMEOUT_MS,
} from '../limits.ts';
import type { JsonObject } from './json.ts';
import { stringField } from './json.ts';
import { INVALID_PARAMS } from './json-rpc.ts';
import { judgeTool } from './judge-tool.ts';
import { isModern } from './revisions.ts';
import type { Note, ToolDefinition } from './types.ts';
import { RpcError, UpstreamStatusError } from './types.ts';
import type { Upstream } from './upstream.ts';

/** A server with thousands of bad tools must not fill the transcript. */
const DROPPED_NOTES_MAX = 20;

export type DroppedTool = { readonly name: string; readonly reason: string };

export type ToolListing = {
  /** In the server's order. */
  readonly tools: readonly ToolDefinition[];
  /** Left out because they are malformed or named like an earlier one. */
  readonly dropped: readonly DroppedTool[];
  /** How long the server calls the list fresh, counted from now; null when it did not say. */
  readonly ttlMs: number | null;
  /** `public` only when every page said so: else the list belongs to the credential that got it. */
  readonly cacheScope: 'public' | 'private';
  readonly pages: number;
};

/**
 * Lists the tools.
 *
 * @throws listing_incomplete when the list could not be read to its end; for the first page, and for refused
 *   access on any page, what `upstream.request` throws
 */
export async function listTools(upstream: Upstream, note: Note = () => undefined): Promise<ToolListing> {
  const deadline = AbortSignal.timeout(LISTING_TIMEOUT_MS);
  const budget = { bytes: LISTING_MAX_BYTES };
  try {
    return await readPages(upstream, note, deadline, budget);
  } catch (error) {
    if (!(error instanceof CursorRefused)) throw error;
    note('list_tools', 'the server does not know its own cursor any more; listing again from the start');
    return await readPages(upstream, note, deadline, budget).catch((again: unknown) => {
      throw again instanceof CursorRefused ? incomplete(again.pages, again.fault.message, again.fault) : again;
    });
  }
}

/** The list changed while it was read; says nothing about the server's health. */
class CursorRefused extends Error {
  readonly pages: number;
  readonly fault: RpcError;

  constructor(pages: number, fault: RpcError) {
    super('The server refused its own cursor.');
    this.pages = pages;
    this.fault = fault;
  }
}

async function readPages(
  upstream: Upstream,
  note: Note,
  deadline: AbortSignal,
  budget: { bytes: number },
): Promise<ToolListing> {
  const collection = new Collection(isModern(upstream.protocol.version) ? 'modern' : 'legacy');
  const seen = new Set<string>();
  let cursor: string | null = null;
  let pages = 0;
  do {
    if (pages >= LISTING_MAX_PAGES) throw incomplete(pages, 'it has more pages than are read');
    const page = await readPage(upstream, cursor, pages, deadline, budget);
    pages += 1;
    // Some servers write "" for "no more" and answer it with the first page again.
    if (cursor === '' && collection.holds(page)) break;
    collection.add(page, pages);
    cursor = nextCursorOf(page, pages);
    if (cursor !== null && seen.has(cursor)) throw incomplete(pages, 'the server named the same next page twice');
    if (cursor !== null) seen.add(cursor);
  } while (cursor !== null);

  const listing = { ...collection.listing(), pages };
  note('list_tools', `${listing.tools.length} tools on ${pages} ${pages === 1 ? 'page' : 'pages'}`);
  noteDropped(listing.dropped, note);
  return listing;
}

async function readPage(
  upstream: Upstream,
  cursor: string | null,
  pagesBefore: number,
  deadline: AbortSignal,
  budget: { bytes: number },
): Promise<JsonObject> {
  try {
    return await upstream.request('tools/list', cursor === null ? {} : { cursor }, {
      signal: AbortSignal.any([deadline, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      maxBytes: budget.bytes,
      onBytes: (bytes) => {
        budget.bytes -= bytes;
      },
    });
  } catch (error) {
    if (pagesBefore === 0 || isAboutAccess(error)) throw error;
    if (error instanceof RpcError && error.rpcCode === INVALID_PARAMS) throw new CursorRefused(pagesBefore, error);
    if (isChatelaineError(error, 'upstream_too_large')) throw incomplete(pagesBefore, 'it is too large', error);
    throw error instanceof ChatelaineError ? incomplete(pagesBefore, error.message, error) : error;
  }
}

/** What the pages hold together. */
class Collection {
  readonly #era: 'modern' | 'legacy';
  readonly #tools = new Map<string, ToolDefinition>();
  readonly #dropped: DroppedTool[] = [];
  #ttlMs: number | null = null;
  #isPublic = true;
  #count = 0;

  constructor(era: 'modern' | 'legacy') {
    this.#era = era;
  }

  add(page: JsonObject, pages: number): void {
    if (!Array.isArray(page.tools)) {
      const message = 'the server answered tools/list without a list of tools';
      throw pages === 1 ? invalid(message) : incomplete(pages - 1, message);
    }
    this.#count += page.tools.length;
    if (this.#count > LISTING_MAX_TOOLS) throw incomplete(pages, `it holds more than ${LISTING_MAX_TOOLS} tools`);
    for (const value of page.tools) this.#take(value);
    const ttlMs = typeof page.ttlMs === 'number' ? Math.max(0, page.ttlMs) : null;
    if (ttlMs !== null) this.#ttlMs = Math.min(ttlMs, this.#ttlMs ?? ttlMs);
    this.#isPublic &&= page.cacheScope === 'public';
  }

  /** Whether a page tells of nothing new. */
  holds(page: JsonObject): boolean {
    return Array.isArray(page.tools) && page.tools.every((tool) => this.#tools.has(stringField(tool, 'name') ?? ''));
  }

  listing(): Omit<ToolListing, 'pages'> {
    const cacheScope = this.#isPublic ? 'public' : 'private';
    return { tools: [...this.#tools.values()], dropped: this.#dropped, ttlMs: this.#ttlMs, cacheScope };
  }

  #take(value: unknown): void {
    const judgement = judgeTool(value, this.#era);
    if ('dropped' in judgement) this.#dropped.push(judgement.dropped);
    else if (!this.#tools.has(judgement.tool.name)) this.#tools.set(judgement.tool.name, judgement.tool);
    else this.#dropped.push({ name: judgement.tool.name, reason: 'an earlier tool has the same name' });
  }
}

function noteDropped(dropped: readonly DroppedTool[], note: Note): void {
  for (const { name, reason } of dropped.slice(0, DROPPED_NOTES_MAX)) {
    note('list_tools', `${quoteForeign(name)} is left out: ${reason}`);
  }
  const more = dropped.length - DROPPED_NOTES_MAX;
  if (more > 0) note('list_tools', `${more} more tools are left out`);
}

/** `null` is taken as absent: some servers write it at the end. */
function nextCursorOf(page: JsonObject, pages: number): string | null {
  const cursor = page.nextCursor ?? null;
  if (cursor === null || typeof cursor === 'string') return cursor;
  throw incomplete(pages, 'the server named a next page that is no text');
}

/** The caller can mend these by another credential or by waiting. */
function isAboutAccess(error: unknown): boolean {
  return error instanceof UpstreamStatusError && [401, 403, 429].includes(error.status);
}

function incomplete(pages: number, reason: string, cause?: unknown): ChatelaineError {
  const read = `${pages} ${pages === 1 ? 'page' : 'pages'}`;
  return new ChatelaineError(
    'listing_incomplete',
    `The tool list could not be read to its end (${read} read): ${reason}. Nothing was changed; sync again.`,
    { cause },
  );
}

function invalid(message: string): ChatelaineError {
  return new ChatelaineError('upstream_invalid_response', `This is no tool list: ${message}.`);
}

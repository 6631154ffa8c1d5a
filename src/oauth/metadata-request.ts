// Asks for one metadata document and judges the answer: a document, or "there is none here". A fault of the
// moment is neither; it is an error, because taking it for absence would downgrade to an older revision.

import { ChatelaineError, isChatelaineError, quoteForeign } from '../errors.ts';
import type { Exchange } from '../outbound.ts';
import type { ForeignDocument } from './foreign-document.ts';
import { discardBody, readDocument } from './foreign-document.ts';
import { shownUrl } from './foreign-url.ts';
import { retryAfterSeconds } from './retry-after.ts';

const OK = 200;
const BAD_GATEWAY = 502;
/** Request Timeout, Too Early, Too Many Requests: of the 4xx these say "later", not "never". */
const TRANSIENT_4XX: ReadonlySet<number> = new Set([408, 425, 429]);

export type MetadataStep = 'protected_resource_metadata' | 'authorization_server_metadata';

export type MetadataAnswer =
  | { readonly document: ForeignDocument }
  | { readonly document: null; readonly absence: string };

export type MetadataRequest = {
  readonly step: MetadataStep;
  readonly url: string;
  /** Sent as `MCP-Protocol-Version`, by which a 2025-03-26 server may choose its answer. */
  readonly protocolVersion?: string;
};

/**
 * Fetches `url`. What it answered is told to `exchange.note` when it is no document; a document waits for
 * `judged`.
 *
 * @throws upstream_http_error, upstream_rate_limited for a fault of the moment; what the fetch throws
 */
export async function requestMetadata(exchange: Exchange, request: MetadataRequest): Promise<MetadataAnswer> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (request.protocolVersion !== undefined) headers['mcp-protocol-version'] = request.protocolVersion;
  const response = await exchange.fetch(request.url, { method: 'GET', headers });
  const answer = await processMetadataResponse(response, request);
  if (answer.document === null)
    exchange.note?.(request.step, `${shownUrl(request.url)}: ${answer.absence}, nothing here`);
  return answer;
}

/** Runs the judgement of one document, so that the transcript shows its outcome, a refusal too. */
export function judged<T>(exchange: Exchange, { step, url }: MetadataRequest, judge: () => T): T {
  try {
    const value = judge();
    exchange.note?.(step, `${shownUrl(url)}: used`);
    return value;
  } catch (error) {
    if (isChatelaineError(error)) exchange.note?.(step, `${shownUrl(url)}: refused, ${error.code}`);
    throw error;
  }
}

async function processMetadataResponse(response: Response, { step, url }: MetadataRequest): Promise<MetadataAnswer> {
  const { status } = response;
  if (status === OK) {
    const document = await readDocument(response);
    return document === null ? { document, absence: 'not a JSON object' } : { document };
  }
  discardBody(response);
  // A gateway without this route behind it answers 502; of the resource server itself it would be a fault.
  const gateway = status === BAD_GATEWAY && step === 'authorization_server_metadata';
  if ((status < 500 && !TRANSIENT_4XX.has(status)) || gateway) return { document: null, absence: `HTTP ${status}` };

  const pause = retryAfterSeconds(response.headers);
  throw new ChatelaineError(
    status === 429 ? 'upstream_rate_limited' : 'upstream_http_error',
    `${quoteForeign(shownUrl(url))} answered HTTP ${status}, so it is not known how to sign in there. Try again later.`,
    { details: { upstreamStatus: status, ...(pause === null ? {} : { retryAfterSeconds: pause }) } },
  );
}

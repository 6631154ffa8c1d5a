// One unauthenticated request that provokes the server's challenge. It is the request by which tools
// would be listed or a connection opened anyway, so that a server treats it like any client's.

import { UpstreamStatusError } from '../mcp/types.ts';
import { openUpstream } from '../mcp/upstream.ts';
import { bearerChallenge } from '../oauth/challenge.ts';
import type { BearerChallenge } from '../oauth/types.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { customHeaders } from './request-headers.ts';
import type { Recorder } from './transcript.ts';

/** The server's challenge; null when it answered without one (discovery then tries the well-known places). */
export async function readChallenge(
  context: HubContext,
  connector: ConnectorRecord,
  recorder: Recorder,
): Promise<BearerChallenge | null> {
  try {
    const upstream = await openUpstream({
      url: connector.url,
      fetch: recorder.fetch('mcp', 'challenge'),
      headers: await customHeaders(context, connector),
      remembered: connector.protocol,
      clientInfo: { name: context.clientName, version: context.version },
      note: recorder.note,
      signal: AbortSignal.timeout(30_000),
    });
    // A server may open its door to anybody and ask for a credential only when something is wanted.
    try {
      await upstream.request('tools/list');
    } finally {
      await upstream.close();
    }
    recorder.note('challenge', 'the server answered without asking for a credential');
    return null;
  } catch (error) {
    if (!(error instanceof UpstreamStatusError)) {
      recorder.note('challenge', 'no challenge: the request failed before an answer that could hold one');
      return null;
    }
    const challenge = bearerChallenge(error.headers);
    recorder.note(
      'challenge',
      challenge === null
        ? `HTTP ${error.status} without a Bearer challenge`
        : `HTTP ${error.status} with a Bearer challenge`,
    );
    return challenge;
  }
}

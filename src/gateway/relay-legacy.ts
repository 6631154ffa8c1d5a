// A legacy agent's messages to a server that keeps sessions (Streamable HTTP on both sides): its session here
// stands for one session there, so that every message passes in both directions as it is, ids, event ids and
// questions of the server included. The server's session id travels sealed in the agent's own: any replica can
// go on. Servers of the newest revision that keep sessions for older clients are spoken to in this way too.

import { ChatelaineError } from '../errors.ts';
import type { HangUp } from '../hang-up.ts';
import type { ResolvedCredential } from '../hub/access-token.ts';
import { withCredential } from '../hub/refused-credential.ts';
import { createRecorder } from '../hub/transcript.ts';
import { AGENT_SESSIONS_MAX } from '../limits.ts';
import type { BegunSession, SessionOffer } from '../mcp/begin-session.ts';
import { beginSession } from '../mcp/begin-session.ts';
import { fieldList, legacyHeaders, sessionDelete, streamHeaders } from '../mcp/build-request.ts';
import { discardBody } from '../mcp/fault.ts';
import type { RequestId } from '../mcp/json-rpc.ts';
import { UNSUPPORTED_PROTOCOL_VERSION } from '../mcp/json-rpc.ts';
import { readRefusal } from '../mcp/refusal.ts';
import { isModern } from '../mcp/revisions.ts';
import { RpcError, UpstreamStatusError } from '../mcp/types.ts';
import { isSuccess, type PassageRequest, type RawAnswer, responseOf } from '../outbound.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { GatewayParts } from './agent-call.ts';
import type { CallMeter } from './call-meter.ts';
import type { RequestTrace } from './request-trace.ts';
import type { AgentSession, UpstreamSession } from './session-id.ts';

const STRICT_MAX = 10_000;
const STRICT_LIFETIME_MS = 10 * 60_000;

export type RelayTarget = {
  readonly agentId: string;
  readonly connector: ConnectorRecord;
  readonly session: AgentSession;
  readonly hangUp: HangUp;
  readonly meter?: CallMeter;
  readonly trace?: RequestTrace | undefined;
};

export type LegacyRelay = {
  /** Whether the messages of a session may be passed on as they are. */
  serves(connector: ConnectorRecord, session: AgentSession): boolean;
  /** Whether it is worth trying to begin a session there. */
  mayBegin(connector: ConnectorRecord): boolean;
  /** Begins a session there for one that is about to begin here. @throws what withCredential and the server throw */
  begin(
    agentId: string,
    connector: ConnectorRecord,
    offer: SessionOffer,
    signal: AbortSignal,
  ): Promise<BegunSession & { readonly upstream: UpstreamSession }>;
  /** The server's answer to one message; null when it does not speak like this any more and did nothing. */
  post(target: RelayTarget, id: RequestId | null, text: string): Promise<RawAnswer | null>;
  /** The server's listening stream; null when it has none. */
  listen(
    target: RelayTarget,
    lastEventId: string | null,
  ): Promise<(RawAnswer & { readonly credentialId: string | null }) | null>;
  /** Ends the session there; never fails. */
  end(target: RelayTarget): Promise<void>;
};

export function createLegacyRelay({
  context,
  connections,
}: Pick<GatewayParts, 'context' | 'connections'>): LegacyRelay {
  /** Sessions that took the place of a lost one, by the nonce of the agent's. */
  const renewed = new Map<string, UpstreamSession>();
  /** Sessions whose server does not speak like this any more, by the same. */
  const over = new Set<string>();
  /** Modern servers that keep no sessions for older clients, by id and address, until then. */
  const strict = new Map<string, number>();
  const { mcp: fetch, passage } = context.outbound;

  const latest = ({ session }: RelayTarget): UpstreamSession | null => renewed.get(session.nonce) ?? session.upstream;
  const current = (target: RelayTarget, resolved: ResolvedCredential): UpstreamSession | null => {
    const known = latest(target);
    return known?.credentialId === resolved.credentialId ? known : null;
  };
  const begun = async (
    connector: ConnectorRecord,
    resolved: ResolvedCredential,
    offer: SessionOffer,
    signal?: AbortSignal,
  ) => {
    const made = await beginSession({ url: connector.url, fetch, headers: resolved.headers }, offer, signal);
    const { credentialId } = resolved;
    return { ...made, upstream: { credentialId, sessionId: made.sessionId, version: made.greeting.version } };
  };
  const renew = ({ connector, session }: RelayTarget, resolved: ResolvedCredential): Promise<UpstreamSession> =>
    context.singleFlight(`gateway session ${session.nonce}`, async () => {
      const { upstream } = await begun(connector, resolved, session);
      if (renewed.size >= AGENT_SESSIONS_MAX) renewed.delete(renewed.keys().next().value ?? '');
      renewed.set(session.nonce, upstream);
      return upstream;
    });
  const withIt = <T>(
    { agentId, connector, meter }: Omit<RelayTarget, 'session' | 'hangUp'>,
    use: (resolved: ResolvedCredential) => Promise<T>,
  ): Promise<T> =>
    withCredential(
      context,
      connector,
      agentId,
      () => createRecorder(context, 'request'),
      {},
      (resolved) => {
        meter?.carries(resolved);
        return use(resolved);
      },
    );
  /** Sends what `init` makes, once more when the session was lost: the server has done nothing then. */
  const exchange = async (
    target: RelayTarget,
    resolved: ResolvedCredential,
    { id, isWord = false }: { readonly id: RequestId | null; readonly isWord?: boolean },
    request: (session: UpstreamSession) => Omit<PassageRequest, 'cancellation'>,
  ): Promise<RawAnswer | null> => {
    // A word about what is under way belongs to the session in which it is, even if the credential is another now.
    let session = current(target, resolved) ?? (isWord ? latest(target) : null) ?? (await renew(target, resolved));
    for (let attempt = 0; ; attempt += 1) {
      const sent = request(session);
      const waited = target.meter?.waitsOn();
      const answer = await passage(target.connector.url, { ...sent, cancellation: target.hangUp }).finally(waited);
      if (isSuccess(answer)) return answer;
      const refusal = await readRefusal(responseOf(answer, sent.method), id);
      const { status, rpc, isAddressed } = refusal;
      if (rpc?.code === UNSUPPORTED_PROTOCOL_VERSION) return null;
      const isLost = session.sessionId !== null && (status === 404 || (status === 400 && !isAddressed));
      if (isLost && isWord) throw refusal.error;
      if (!isLost || attempt > 0) {
        if (refusal.error instanceof UpstreamStatusError && [404, 405].includes(status)) return null;
        throw refusal.error;
      }
      session = await renew(target, resolved);
    }
  };

  const beginOnce = async (connector: ConnectorRecord, offering: () => ReturnType<typeof begun>) => {
    if (speaks(connector) === 'sessions') return offering();
    const isStrict = (): void => {
      if (strict.size >= STRICT_MAX) strict.clear();
      strict.set(placeOf(connector), context.now() + STRICT_LIFETIME_MS);
    };
    const made = await offering().catch((error: unknown) => {
      // Only the server's own word says that it does not.
      if (error instanceof RpcError || (error instanceof UpstreamStatusError && [400, 404, 405].includes(error.status)))
        isStrict();
      throw error;
    });
    // Without a session the server could not ask the agent anything; the newer revision has a way.
    if (made.sessionId === null) {
      isStrict();
      throw new ChatelaineError('protocol_version_unsupported', 'This server keeps no sessions.');
    }
    return made;
  };

  /** `both`: of the newest revision, and perhaps of the older ones too. */
  const speaks = (connector: ConnectorRecord): 'sessions' | 'both' | 'neither' => {
    const protocol = connections.protocolOf(connector);
    if (protocol === null || protocol.transport !== 'streamable_http') return 'neither';
    return isModern(protocol.version) ? 'both' : 'sessions';
  };

  return {
    serves(connector, session) {
      const spoken = speaks(connector);
      if (spoken === 'sessions') return true;
      return spoken === 'both' && session.upstream !== null && !over.has(session.nonce);
    },
    mayBegin(connector) {
      const spoken = speaks(connector);
      return spoken === 'sessions' || (spoken === 'both' && (strict.get(placeOf(connector)) ?? 0) <= context.now());
    },
    begin: (agentId, connector, offer, signal) =>
      withIt({ agentId, connector }, (resolved) =>
        beginOnce(connector, () => begun(connector, resolved, offer, signal)),
      ),
    async post(target, id, text) {
      const answer = await withIt(target, (resolved) =>
        exchange(target, resolved, { id, isWord: id === null }, (session) => ({
          method: 'POST',
          headers: fieldList({ ...legacyHeaders(resolved.headers, session), ...target.trace?.headers() }),
          body: text,
        })),
      );
      if (answer === null) {
        if (over.size >= AGENT_SESSIONS_MAX) over.clear();
        over.add(target.session.nonce);
      }
      return answer;
    },
    listen: (target, lastEventId) =>
      withIt(target, async (resolved) => {
        const answer = await exchange(target, resolved, { id: null }, (session) => ({
          method: 'GET',
          headers: fieldList(streamHeaders(resolved.headers, session, lastEventId)),
          body: null,
        }));
        return answer === null ? null : { ...answer, credentialId: resolved.credentialId };
      }),
    async end(target) {
      const ending = withIt(target, async (resolved) => {
        const session = current(target, resolved);
        renewed.delete(target.session.nonce);
        if (session === null || session.sessionId === null) return;
        const init = { ...sessionDelete(resolved.headers, session), signal: target.hangUp.signal };
        await discardBody(await fetch(target.connector.url, init));
      });
      await ending.catch(() => undefined);
    },
  };
}

function placeOf({ id, url }: ConnectorRecord): string {
  return `${id} ${url}`;
}

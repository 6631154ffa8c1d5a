// What a look at the server found, before anything is saved: each finding, what is proposed, and what has to
// be registered by hand.

import { AlertTriangle, Check, Minus, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Probe } from '../../api/queries.ts';
import { Fold } from '../../connector-form/fields.tsx';
import { AUTH_LABEL } from '../../model/connector-state.ts';
import { plural } from '../../ui/actions.ts';
import { CopyLine } from '../../ui/copy.tsx';
import { ErrorNote, Note, Skeleton } from '../../ui/parts.tsx';
import { Steps } from '../../ui/steps.tsx';

const REGISTRATION: Record<NonNullable<Probe['registration']>, string> = {
  pre_registered: 'With the client id entered by hand',
  client_id_metadata_document: 'By our published metadata, nothing to do',
  dynamic: 'By itself, nothing to do',
  manual: 'By hand at the provider',
};

type Mark = 'yes' | 'no' | 'careful' | 'unknown';
const MARKS: Record<Mark, ReactNode> = {
  yes: <Check className="text-ok" />,
  no: <X className="text-bad" />,
  careful: <AlertTriangle className="text-warn" />,
  unknown: <Minus className="text-ink-3" />,
};

function Row({ mark, term, children }: { mark: Mark; term: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[1rem_6.75rem_minmax(0,1fr)] items-start gap-x-2.5 px-4 py-2 text-sm">
      <span aria-hidden="true" className="mt-0.5 [&_svg]:size-4">
        {MARKS[mark]}
      </span>
      <dt className="text-ink-3">{term}</dt>
      <dd className="[overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

export function Preflight({ probe, error, looking }: { probe: Probe | undefined; error: unknown; looking: boolean }) {
  return (
    <section aria-labelledby="preflight" className="card overflow-hidden" aria-busy={looking}>
      <header className="flex items-center justify-between gap-3 border-b border-line px-4 py-3">
        <h2 id="preflight" className="text-base">
          Preflight
        </h2>
        <p role="status" className="text-xs text-ink-3">
          {looking ? 'Looking at the server…' : probe ? 'Nothing is saved yet' : ''}
        </p>
      </header>
      {looking ? (
        <div className="space-y-3.5 p-4">
          {['w-3/5', 'w-4/5', 'w-1/2', 'w-2/3', 'w-3/5'].map((width, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
            <Skeleton key={index} className={`h-3.5 ${width}`} />
          ))}
        </div>
      ) : error ? (
        <div className="p-4">
          <ErrorNote error={error} />
        </div>
      ) : (
        probe && <Found probe={probe} />
      )}
    </section>
  );
}

function Found({ probe }: { probe: Probe }) {
  const oauth = probe.suggestedAuthType === 'oauth';
  return (
    <>
      <dl className="py-2">
        <Row mark={probe.reachable ? 'yes' : 'no'} term="Reachable">
          {probe.reachable ? `Yes${probe.status === null ? '' : `, it answers ${probe.status}`}` : 'No'}
        </Row>
        <Row mark={probe.suggestedAuthType === null ? 'careful' : 'yes'} term="Asks for">
          {probe.suggestedAuthType === null
            ? 'Not found out: choose below'
            : probe.suggestedAuthType === 'none'
              ? 'No credential'
              : AUTH_LABEL[probe.suggestedAuthType]}
        </Row>
        <Row mark={probe.protocol ? 'yes' : 'unknown'} term="Protocol">
          {probe.protocol
            ? `MCP ${probe.protocol.version}, ${probe.protocol.era}, ${probe.protocol.transport}`
            : 'Known after sign-in'}
        </Row>
        {probe.serverName !== null && (
          <Row mark="yes" term="Server">
            {probe.serverName}
          </Row>
        )}
        {oauth && (
          <>
            <Row mark={probe.issuer === null ? 'careful' : 'yes'} term="Signs in at">
              {probe.issuer ?? 'Not found'}
            </Row>
            <Row
              mark={probe.registration === null || probe.registration === 'manual' ? 'careful' : 'yes'}
              term="Registers"
            >
              {probe.registration === null ? 'Not found out' : REGISTRATION[probe.registration]}
            </Row>
            <Row mark={probe.scopes.length > 0 ? 'yes' : 'unknown'} term="Scopes">
              {probe.scopes.length > 0 ? (
                <span className="font-mono text-xs">{probe.scopes.join(' ')}</span>
              ) : (
                'The provider decides'
              )}
            </Row>
            <Row mark={probe.refreshTokenLikely ? 'yes' : 'careful'} term="Stays signed in">
              {probe.refreshTokenLikely
                ? 'Likely: it gives refresh tokens'
                : 'Unsure: it may need a person again later'}
            </Row>
          </>
        )}
        <Row mark={probe.listsWithoutCredential ? 'yes' : 'unknown'} term="Tools">
          {probe.listsWithoutCredential && probe.toolCount !== null
            ? `${plural(probe.toolCount, 'tool')}, listed without a credential`
            : 'Listed once connected'}
        </Row>
      </dl>
      {(probe.findings.length > 0 || probe.registration === 'manual') && (
        <div className="space-y-3 px-4 pb-4">
          {probe.findings.map((finding) => (
            <Note key={finding.code} kind={finding.severity === 'error' ? 'bad' : 'warn'}>
              <p>{finding.message}</p>
            </Note>
          ))}
          {probe.registration === 'manual' && (
            <Note kind="warn" title="Register a client at the provider first">
              <p className="mb-2">
                This provider does not let clients register themselves. Create an OAuth client (a web application) in
                its console with this redirect URI, then enter its client id and secret under “OAuth by hand”.
              </p>
              <CopyLine text={probe.redirectUri} what="redirect URI" />
            </Note>
          )}
        </div>
      )}
      <div className="px-4 pb-4">
        <Fold title="Every step" hint={plural(probe.requests.length, 'step')}>
          <div className="-m-3.5">
            <Steps steps={probe.requests} />
          </div>
        </Fold>
      </div>
    </>
  );
}

// What is known of a connector: credential, registration, server, and its calls of a day.

import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import type { Connector, ConnectorSummary } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { CallsChart } from '../../charts/calls-chart.tsx';
import { AUTH_LABEL, MODE_LABEL, sentence } from '../../model/connector-state.ts';
import { plural, useChange, useRegisterAgain } from '../../ui/actions.ts';
import { Confirm } from '../../ui/dialog.tsx';
import { Button, Facts, Section, Tag } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';

const REGISTRATION: Record<string, string> = {
  pre_registered: 'Client id entered by hand',
  client_id_metadata_document: 'Our published metadata document',
  dynamic: 'Registered by itself',
  manual: 'By hand at the provider',
};

export function Overview({ connector, summary }: { connector: Connector; summary: ConnectorSummary }) {
  const { tools, server } = connector;
  return (
    <div className="grid grid-cols-1 items-start gap-x-6 gap-y-8 xl:grid-cols-2">
      <div className="min-w-0 space-y-8">
        <Credential connector={connector} />
        {connector.oauth !== null && <Registration connector={connector} />}
      </div>
      <div className="min-w-0 space-y-8">
        <Section title="Last day">
          <div className="card p-4">
            <CallsChart series={summary.calls.series} total={summary.calls.total} errors={summary.calls.errors} />
          </div>
        </Section>
        <Section title="Server">
          <div className="card">
            <Facts
              items={[
                [
                  'Name',
                  server.name === null
                    ? 'Not told yet'
                    : `${server.name}${server.version === null ? '' : ` ${server.version}`}`,
                ],
                [
                  'Protocol',
                  server.protocolVersion === null
                    ? 'Known after the first listing'
                    : `MCP ${server.protocolVersion}, ${server.transport}`,
                ],
                server.error === null
                  ? null
                  : [
                      'Not reachable',
                      <span key="fault" className="text-bad">
                        {sentence(server.error.message)}
                      </span>,
                    ],
                ['Checked', <Ago key="checked" at={server.checkedAt} />],
                [
                  'Tools',
                  tools.syncedAt === null ? (
                    'Not listed yet'
                  ) : (
                    <span key="tools">
                      {plural(tools.count, 'tool')}, synced <Ago at={tools.syncedAt} />
                    </span>
                  ),
                ],
                tools.nextSyncAt === null ? null : ['Next sync', <Ago key="next" at={tools.nextSyncAt} />],
                tools.lastError === null || tools.lastError.message === server.error?.message
                  ? null
                  : [
                      'Last sync failed',
                      <span key="error" className="text-warn">
                        {sentence(tools.lastError.message)}
                      </span>,
                    ],
              ]}
            />
          </div>
        </Section>
      </div>
    </div>
  );
}

function Credential({ connector }: { connector: Connector }) {
  const { credential, authType, credentialMode } = connector;
  const mayChange = useMay('operator');
  const [asking, setAsking] = useState(false);
  const disconnect = useChange(
    () => unwrap(api.DELETE('/api/connectors/{id}/credential', { params: { path: { id: connector.id } } })),
    { touches: ['connectors', 'agents', 'health'], done: () => `${connector.name} is disconnected` },
  );
  const oauth = authType === 'oauth';
  const own = credentialMode === 'per_agent';
  return (
    <Section
      title="Credential"
      action={
        mayChange &&
        credential.configured && (
          <Button small kind="danger-quiet" onClick={() => setAsking(true)}>
            Disconnect
          </Button>
        )
      }
    >
      <div className="card">
        <Facts
          items={[
            [
              'Kind',
              authType === 'none'
                ? 'None needed'
                : `${AUTH_LABEL[authType]}, ${MODE_LABEL[credentialMode ?? 'shared'].toLowerCase()}`,
            ],
            own ? ['Agents connected', String(credential.agents ?? 0)] : null,
            !own && authType !== 'none'
              ? [
                  'Stored',
                  credential.configured ? (
                    <Tag key="kept" tone="ok">
                      Kept, encrypted
                    </Tag>
                  ) : (
                    'Nothing yet'
                  ),
                ]
              : null,
            credential.setAt === null
              ? null
              : [oauth ? 'Consented' : 'Entered', <Consent key="consent" connector={connector} />],
            credential.scope === null ? null : ['Scopes', <Scopes key="scope" scope={credential.scope} />],
            credential.missingScope === null
              ? null
              : [
                  'Missing scope',
                  <span key="missing" className="font-mono text-xs text-warn">
                    {credential.missingScope}
                  </span>,
                ],
            credential.expiresAt === null ? null : ['Expires', <Ago key="expires" at={credential.expiresAt} />],
            oauth && credential.configured
              ? [
                  'Refresh',
                  credential.state === 'reauthorization_required' ? (
                    <span key="refresh" className="text-bad">
                      No longer: a person has to sign in again
                    </span>
                  ) : credential.refreshable ? (
                    <Refresh key="refresh" connector={connector} />
                  ) : (
                    <span key="refresh" className="text-warn">
                      No refresh token: a person has to sign in again when it expires
                    </span>
                  ),
                ]
              : null,
          ]}
        />
      </div>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={`Disconnect ${connector.name}?`}
        action="Disconnect"
        run={() => disconnect.mutateAsync(undefined)}
      >
        <p>
          The credential is revoked at the provider where it can be, and forgotten here. Every agent that uses it stops
          at once.
        </p>
        <p>The connector, its tools and what agents were granted stay.</p>
      </Confirm>
    </Section>
  );
}

function Consent({ connector }: { connector: Connector }) {
  const by = connector.consent?.by ?? null;
  return (
    <span>
      <Ago at={connector.consent?.at ?? connector.credential.setAt} />
      {by !== null && ` by ${by.replace(/^person:/, '')}`}
    </span>
  );
}

function Refresh({ connector: { consent, credential } }: { connector: Connector }) {
  const next = consent?.nextRefreshAt ?? null;
  const failures = consent?.refreshFailures ?? 0;
  return (
    <span>
      By itself
      {next !== null && (
        <>
          , next <Ago at={next} />
        </>
      )}
      {credential.refreshedAt !== null && (
        <>
          , last <Ago at={credential.refreshedAt} />
        </>
      )}
      {failures > 0 && <span className="text-warn">, failed {plural(failures, 'time')}</span>}
    </span>
  );
}

function Scopes({ scope }: { scope: string }) {
  return (
    <span className="flex flex-wrap gap-1">
      {scope.split(/\s+/).map((one) => (
        <span key={one} className="rounded-sm bg-selected px-1.5 font-mono text-2xs leading-[1.125rem] text-ink-2">
          {one}
        </span>
      ))}
    </span>
  );
}

function Registration({ connector }: { connector: Connector }) {
  const mayChange = useMay('operator');
  const [asking, setAsking] = useState(false);
  const register = useRegisterAgain();
  const { oauth } = connector;
  if (oauth === null) return null;
  const byItself = oauth.registration === 'dynamic';
  return (
    <Section
      title="Registration"
      action={
        mayChange &&
        byItself && (
          <Button small onClick={() => setAsking(true)}>
            Register again
          </Button>
        )
      }
    >
      <div className="card">
        <Facts
          items={[
            ['Issuer', oauth.issuer ?? 'Not found yet'],
            [
              'How',
              oauth.registration === null
                ? 'Not registered yet'
                : (REGISTRATION[oauth.registration] ?? oauth.registration),
            ],
            oauth.resource === null ? null : ['Resource', oauth.resource],
            oauth.discoveredAt === null ? null : ['Discovered', <Ago key="found" at={oauth.discoveredAt} />],
          ]}
        />
      </div>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title="Register again?"
        action="Register again"
        run={() => register.mutateAsync({ connectorId: connector.id })}
      >
        <p>
          Chatelaine forgets how it is known at {oauth.issuer}, registers anew, and takes you to the provider to sign
          in.
        </p>
        <p>Tools and what agents were granted stay. Until the sign-in is finished, agents may be refused.</p>
      </Confirm>
    </Section>
  );
}

// Adding a connector: a URL or a tile, the preflight as one types, the form with what was found filled in.

import { useNavigate } from '@tanstack/react-router';
import { Lock } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import { ApiProblem, api, unwrap } from '../../api/client.ts';
import type { CatalogueEntry } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { ConnectorFields } from '../../connector-form/fields.tsx';
import { EMPTY, type FormValues, inputOf, nameFrom } from '../../connector-form/values.ts';
import { PageBody, PageHead } from '../../shell/page.tsx';
import { useChange, useConnect } from '../../ui/actions.ts';
import { Button, Empty, ErrorNote } from '../../ui/parts.tsx';
import { Catalogue } from './catalogue.tsx';
import { Preflight } from './preflight.tsx';
import { useProbe } from './use-probe.ts';

export function AddConnectorPage() {
  const mayChange = useMay('operator');
  return (
    <PageBody>
      <PageHead title="Add connector" up={{ to: '/connectors', label: 'Connectors' }}>
        Paste the URL of an MCP server. It is looked at before anything is saved.
      </PageHead>
      {mayChange ? (
        <AddConnector />
      ) : (
        <div className="card">
          <Empty icon={<Lock />} title="Viewers cannot add connectors">
            Ask an owner for the operator role.
          </Empty>
        </div>
      )}
    </PageBody>
  );
}

function AddConnector() {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [values, setValues] = useState<FormValues>(EMPTY);
  const [touched, setTouched] = useState<ReadonlySet<keyof FormValues>>(new Set());
  const { url, probe, error, looking } = useProbe(text);
  const connect = useConnect();
  const save = useChange((input: FormValues) => unwrap(api.POST('/api/connectors', { body: inputOf(input) })), {
    touches: ['connectors', 'agents'],
  });

  // What was found fills the fields that no person has touched.
  useEffect(() => {
    if (probe === undefined) return;
    const found: Partial<FormValues> = {
      name: nameFrom(probe.url, probe.serverName),
      authType: probe.suggestedAuthType ?? 'bearer',
    };
    setValues((old) => ({
      ...old,
      ...Object.fromEntries(Object.entries(found).filter(([field]) => !touched.has(field as keyof FormValues))),
      url: probe.url,
    }));
  }, [probe, touched]);

  const change = (part: Partial<FormValues>) => {
    setValues((old) => ({ ...old, ...part }));
    setTouched((old) => new Set([...old, ...(Object.keys(part) as (keyof FormValues)[])]));
  };
  const choose = (entry: CatalogueEntry) => {
    setText(entry.url);
    setValues({
      ...EMPTY,
      name: entry.name,
      url: entry.url,
      authType: entry.authType,
      mode: entry.credentialMode ?? 'shared',
    });
    setTouched(new Set(['name', 'mode']));
    window.scrollTo({ top: 0 });
  };
  const goesToConsent = values.authType === 'oauth' && values.mode === 'shared';
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (url === null) return;
    const made = await save.mutateAsync({ ...values, url }).catch(() => null);
    if (made === null) return;
    if (goesToConsent) {
      const left = await connect.mutateAsync({ connectorId: made.id }).then(
        () => true,
        () => false,
      );
      if (left) return;
    }
    await navigate({
      to: '/connectors/$id',
      params: { id: made.id },
      search: { tab: values.mode === 'per_agent' && values.authType !== 'none' ? 'agents' : undefined },
    });
  };
  const problem = save.error instanceof ApiProblem ? save.error : null;

  return (
    <>
      <label htmlFor="server-url" className="sr-only">
        URL of the MCP server
      </label>
      <input
        id="server-url"
        type="text"
        inputMode="url"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        // biome-ignore lint/a11y/noAutofocus: the page has this one field, and it is what one came for
        autoFocus
        className="field field-lg font-mono"
        placeholder="https://mcp.example.com/mcp"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {url === null ? (
        <div className="mt-8">
          <Catalogue words={text} choose={choose} />
        </div>
      ) : (
        <div className="mt-6 grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_minmax(0,26rem)]">
          <form onSubmit={submit} className="card order-2 p-5 lg:order-1" aria-label="Connector">
            <ConnectorFields
              values={values}
              change={change}
              refused={problem?.field ? { field: problem.field, message: problem.message } : null}
              manualOpen={probe?.registration === 'manual'}
            />
            {problem !== null && problem.field === null && (
              <div className="mt-5">
                <ErrorNote error={problem} />
              </div>
            )}
            <div className="mt-6 flex flex-wrap items-center justify-end gap-3 border-t border-line pt-4">
              {goesToConsent && (
                <p className="mr-auto text-xs text-ink-3">You will be taken to the provider to sign in.</p>
              )}
              <Button type="button" kind="ghost" onClick={() => void navigate({ to: '/connectors' })}>
                Cancel
              </Button>
              <Button
                type="submit"
                kind="primary"
                busy={save.isPending || connect.isPending}
                disabled={values.name.trim() === '' || looking}
              >
                {goesToConsent ? 'Save and connect' : 'Save connector'}
              </Button>
            </div>
          </form>
          <div className="order-1 lg:sticky lg:top-6 lg:order-2">
            <Preflight probe={probe} error={error} looking={looking} />
          </div>
        </div>
      )}
    </>
  );
}

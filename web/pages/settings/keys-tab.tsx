// Under which keys secrets are kept, and how far a rotation has come.

import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from '../../api/client.ts';
import { plural, useChange } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { CodeBlock } from '../../ui/copy.tsx';
import { Button, Facts, Note, Section } from '../../ui/parts.tsx';

const keysQuery = {
  queryKey: ['keys'],
  queryFn: ({ signal }: { signal: AbortSignal }) => unwrap(api.GET('/api/keys', { signal })),
};

/** The hub's names of its kinds of secrets, in a person's words. */
const KINDS: Record<string, string> = {
  'connector headers': 'Header values',
  'connector client': 'Clients entered by hand',
  'registration client': 'Registered clients',
  'flow secrets': 'Recent sign-ins',
  'credential secret': 'Credentials',
  'meta canary': 'Check value of the keys',
  'meta sign in': 'Secret of the sessions',
};

const nameOf = (kind: string): string => {
  const words = kind.replaceAll(/[._]/g, ' ');
  return KINDS[words] ?? words;
};

export function KeysTab() {
  const query = useQuery(keysQuery);
  const { data } = query;
  const rotate = useChange(() => unwrap(api.POST('/api/keys/rotate')), {
    touches: ['keys', 'audit'],
    done: () => 'Every secret is under the present key',
  });
  if (data === undefined) return <Awaited query={query} rows={2} height="h-12" />;
  return (
    <div className="space-y-8">
      {data.unreadable > 0 && (
        <Note kind="bad" title={`${plural(data.unreadable, 'secret')} cannot be opened`}>
          They are under a key that is not here. Put that key back into CHATELAINE_ENCRYPTION_KEYS and restart.
        </Note>
      )}
      {data.outdated > 0 ? (
        <Note
          kind="warn"
          title={`${plural(data.outdated, 'secret')} of ${data.checked} are still under an older key`}
          action={
            <Button small kind="primary" busy={rotate.isPending} onClick={() => rotate.mutate(undefined)}>
              Rotate now
            </Button>
          }
        >
          Bring them under the present key before you remove the older one from the settings.
        </Note>
      ) : (
        data.unreadable === 0 && <Note kind="ok" title="Every secret is under the present key" />
      )}
      <Section title="Secrets" hint="Kept encrypted; each is opened when this page is looked at, none is shown.">
        <div className="card">
          {data.kinds.length === 0 ? (
            <p className="px-4 py-6 text-center text-sm text-ink-3">No secret is stored yet.</p>
          ) : (
            <Facts
              items={data.kinds
                .filter(({ checked }) => checked > 0)
                .map(({ kind, checked, outdated, unreadable }) => [
                  nameOf(kind),
                  `${checked}${outdated > 0 ? `, ${outdated} under an older key` : ''}${unreadable > 0 ? `, ${unreadable} unreadable` : ''}`,
                ])}
            />
          )}
        </div>
      </Section>
      <Section title="A new key" hint="Made on the machine of the hub; the first of the setting encrypts, all decrypt.">
        <CodeBlock
          what="commands of a rotation"
          title="shell"
          text={
            'chatelaine keys generate   # put the new key first in CHATELAINE_ENCRYPTION_KEYS, restart\nchatelaine keys rotate     # or “Rotate now” here\nchatelaine keys verify     # then remove the older key'
          }
        />
      </Section>
    </div>
  );
}

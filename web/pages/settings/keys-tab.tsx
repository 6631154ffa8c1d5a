// Which key opens the stored secrets, and how far a rotation has come.

import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from '../../api/client.ts';
import { CodeBlock } from '../../ui/copy.tsx';
import { ErrorNote, Facts, Note, RowSkeletons, Section, Tag } from '../../ui/parts.tsx';

const keysQuery = {
  queryKey: ['keys'],
  queryFn: ({ signal }: { signal: AbortSignal }) => unwrap(api.GET('/api/keys', { signal })),
};

export function KeysTab() {
  const { data, error, refetch } = useQuery(keysQuery);
  if (error !== null && data === undefined) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (data === undefined)
    return (
      <div className="card overflow-hidden">
        <RowSkeletons count={2} height="h-12" />
      </div>
    );
  const rest = data.total - data.underCurrent;
  return (
    <div className="space-y-8">
      {rest > 0 ? (
        <Note kind="warn" title={`${rest} of ${data.total} secrets are still under an older key`}>
          Run the rotation to its end before you remove the older key from the settings.
        </Note>
      ) : (
        <Note kind="ok" title="Every secret is under the current key" />
      )}
      <Section title="Keys" hint="The first encrypts, all decrypt. The keys themselves are never shown.">
        <div className="card">
          <Facts
            items={data.keys.map(({ id, current }) => [
              id,
              <span key={id} className="flex flex-wrap items-center gap-2">
                {data.sealed.find(({ keyId }) => keyId === id)?.count ?? 0} secrets{' '}
                {current && <Tag tone="accent">current</Tag>}
              </span>,
            ])}
          />
        </div>
      </Section>
      <Section title="Rotate" hint="On the machine of the hub; it can be stopped and run again.">
        <CodeBlock
          what="commands of a rotation"
          title="shell"
          text={
            'chatelaine keys generate   # put the new key first in CHATELAINE_ENCRYPTION_KEYS, restart\nchatelaine keys rotate\nchatelaine keys verify     # then remove the older key'
          }
        />
      </Section>
    </div>
  );
}

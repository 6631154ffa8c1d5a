// What this hub is, and where its papers are.

import { useQuery } from '@tanstack/react-query';
import { MOUNT } from '../../api/mount.ts';
import { aboutQuery } from '../../api/queries.ts';
import { plural } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { CopyLine } from '../../ui/copy.tsx';
import { Facts, Section } from '../../ui/parts.tsx';

export function AboutTab() {
  const query = useQuery(aboutQuery);
  const { data } = query;
  return (
    <Section title="This hub">
      <div className="card overflow-hidden">
        {data === undefined ? (
          <Awaited inCard query={query} rows={3} height="h-12" />
        ) : (
          <Facts
            items={[
              ['Version', data.version],
              ['Address', data.baseUrl],
              ['Redirect URI', <CopyLine key="redirect" text={data.redirectUri} what="redirect URI" />],
              data.clientMetadataUrl === null ? null : ['Client metadata', data.clientMetadataUrl],
              ['Gateway', <CopyLine key="gateway" text={`${data.baseUrl}/mcp`} what="gateway URL" />],
              ['Database', data.database === 'sqlite' ? 'SQLite, embedded' : 'PostgreSQL'],
              ['Call log', `kept ${plural(data.callLogDays, 'day')}`],
              [
                'API',
                <a key="api" className="link" href={`${MOUNT}/api/docs`}>
                  every call with its fields
                </a>,
              ],
            ]}
          />
        )}
      </div>
    </Section>
  );
}

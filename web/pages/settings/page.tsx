// The hub's own settings: oneself, people, API tokens, encryption keys, and what this hub is.

import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../../api/session.ts';
import { PageBody, PageHead } from '../../shell/page.tsx';
import { Note } from '../../ui/parts.tsx';
import { TabLinks } from '../../ui/tabs.tsx';
import { AboutTab } from './about-tab.tsx';
import { KeysTab } from './keys-tab.tsx';
import { PeopleTab } from './people-tab.tsx';
import { TokensTab } from './tokens-tab.tsx';
import { YouTab } from './you-tab.tsx';

const route = getRouteApi('/frame/settings');

const OWNERS = new Set(['people', 'tokens', 'keys']);

export function SettingsPage() {
  const { tab } = route.useSearch();
  const owner = useMay('owner');
  return (
    <PageBody narrow>
      <PageHead title="Settings" />
      <TabLinks
        label="Sections"
        current={tab}
        items={[
          { value: undefined, label: 'You' },
          { value: 'people', label: 'People' },
          { value: 'tokens', label: 'API tokens' },
          { value: 'keys', label: 'Encryption' },
          { value: 'about', label: 'About' },
        ]}
      />
      {tab !== undefined && OWNERS.has(tab) && !owner ? (
        <Note title="Owners only">Who may come in and how secrets are kept is for owners. Ask one of them.</Note>
      ) : tab === 'people' ? (
        <PeopleTab />
      ) : tab === 'tokens' ? (
        <TokensTab />
      ) : tab === 'keys' ? (
        <KeysTab />
      ) : tab === 'about' ? (
        <AboutTab />
      ) : (
        <YouTab />
      )}
    </PageBody>
  );
}

// Where the page begins: styles, theme, router, and the cache of answers.

import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './styles/main.css';
import { MOUNT } from './api/mount.ts';
import { connectorsQuery } from './api/queries.ts';
import { queryClient } from './api/query-client.ts';
import { sessionQuery } from './api/session.ts';
import { router } from './router.tsx';
import { keepFocus } from './shell/keep-focus.ts';
import { applyTheme } from './shell/theme.ts';

applyTheme();
keepFocus();

// Asked before anything is drawn: who is signed in, and what the first page most often shows.
void queryClient.prefetchQuery(sessionQuery);
if ([`${MOUNT}`, `${MOUNT}/`, `${MOUNT}/connectors`].includes(window.location.pathname))
  void queryClient.prefetchQuery(connectorsQuery);

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);

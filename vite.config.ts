// How the page is built (into dist/web, which the hub serves) and developed (npm run web:dev beside a hub;
// CHATELAINE_URL says where that hub is, CHATELAINE_ADMIN_TOKEN lets one skip its sign-in).

import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const hub = process.env.CHATELAINE_URL ?? 'http://127.0.0.1:4100';
const token = process.env.CHATELAINE_ADMIN_TOKEN;
const toHub = {
  target: hub,
  headers: { origin: hub, host: new URL(hub).host, ...(token ? { authorization: `Bearer ${token}` } : {}) },
};

export default defineConfig({
  root: 'web',
  // The hub puts the path of its public URL before these (src/server/web-page-files.ts).
  base: './',
  plugins: [react(), tailwindcss()],
  build: {
    outDir: '../dist/web',
    assetsDir: 'assets',
    emptyOutDir: true,
    target: ['chrome125', 'firefox128', 'safari17.5'],
    // Each asset stays a file of its own: the content security policy knows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { port: 4199, proxy: { '/api': toHub, '/connect': toHub, '/oauth': toHub, '/mcp': toHub } },
});

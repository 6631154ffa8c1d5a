// The programs whose configuration file the hub can write.

import type { Client } from '../../api/queries.ts';

const FILES: Record<Client, { label: string; file: string; hint: string }> = {
  'claude-code': { label: 'Claude Code', file: '.mcp.json', hint: 'In the root of your project.' },
  'claude-desktop': {
    label: 'Claude Desktop',
    file: 'claude_desktop_config.json',
    hint: 'Under Settings, Developer, Edit Config. Needs Node.js for the bridge.',
  },
  cursor: {
    label: 'Cursor',
    file: '.cursor/mcp.json',
    hint: 'In your project, or in your home folder for all projects.',
  },
  vscode: { label: 'VS Code', file: '.vscode/mcp.json', hint: 'In your workspace. VS Code asks for the key itself.' },
  json: { label: 'Other', file: 'mcp.json', hint: 'For clients that read the usual form.' },
};

export const CLIENTS = (Object.entries(FILES) as [Client, (typeof FILES)[Client]][]).map(([value, { label }]) => ({
  value,
  label,
}));

export const fileOf = (client: Client) => FILES[client];

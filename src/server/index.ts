// The self-hosted server as a library: settings, a listening hub.

export { readSettings, type Settings, type SettingFlags } from './config.ts';
export { type RunningServer, startServer } from './serve.ts';
export { createLog } from './log.ts';

// The self-hosted server as a library: settings, a listening hub.

export { readSettings, type SettingFlags, type Settings } from './config.ts';
export { createLog } from './log.ts';
export { type RunningServer, startServer } from './serve.ts';

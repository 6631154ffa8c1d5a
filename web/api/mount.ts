// The path of the hub's public URL, as `/keys`; empty where it has none. Every file of the built page lies in one
// folder below it, and so does this one.

export const MOUNT = new URL('..', import.meta.url).pathname.replace(/\/$/, '');

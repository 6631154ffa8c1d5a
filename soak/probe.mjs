// Loaded into the hub's process before the hub: says how much memory is held, after a collection, when the soak
// asks. Changes nothing else.

process.on('message', () => {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ rss, heapUsed });
});
process.channel?.unref();

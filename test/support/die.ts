// A process that ends itself by SIGKILL, at this very statement.

export function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing more may happen.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

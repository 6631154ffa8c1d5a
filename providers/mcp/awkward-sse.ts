// Server-sent events that are legal but unusual: comments, ids, CRLF line ends, one JSON text over several data lines.

/** Rewrites an event stream; other responses pass unchanged. */
export function awkwardSse(response: Response): Response {
  if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) return response;
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let pending = '';
  let count = 0;
  const rewrite = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      pending += decoder.decode(chunk, { stream: true });
      const events = pending.split('\n\n');
      pending = events.pop() ?? '';
      for (const event of events) {
        count += 1;
        controller.enqueue(encoder.encode(rewriteEvent(event, count)));
      }
    },
  });
  const { status, headers } = response;
  return new Response(response.body.pipeThrough(rewrite), { status, headers });
}

function rewriteEvent(event: string, count: number): string {
  const data = event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trimStart())
    .join('\n');
  const lines = [': a comment, which clients skip', `id: ${count}`];
  if (data !== '') lines.push(...multiline(data).map((line) => `data: ${line}`));
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function multiline(data: string): string[] {
  try {
    return JSON.stringify(JSON.parse(data), null, 2).split('\n');
  } catch {
    return data.split('\n');
  }
}

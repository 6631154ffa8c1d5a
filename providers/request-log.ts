// What a stand-in has received, for assertions. Bounded, so that a long demo does not grow without end.
import type { IncomingMessage } from 'node:http';

const MAX_REQUESTS = 5000;

export type RecordedRequest = {
  method: string;
  path: string;
  /** Without the `?`; empty when there is none. */
  query: string;
  headers: Record<string, string>;
  body: string;
  status: number;
  /** Milliseconds since the epoch. */
  at: number;
};

export type RequestLog = {
  requests: RecordedRequest[];
  record(request: IncomingMessage, body: string): RecordedRequest;
  count(path: string | RegExp, method?: string): number;
  clear(): void;
};

export function createRequestLog(): RequestLog {
  const requests: RecordedRequest[] = [];
  return {
    requests,
    record(request, body) {
      const [path = '/', ...query] = (request.url ?? '/').split('?');
      const entry: RecordedRequest = {
        method: request.method ?? 'GET',
        path,
        query: query.join('?'),
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value ?? '')]),
        ),
        body,
        status: 0,
        at: Date.now(),
      };
      requests.push(entry);
      if (requests.length > MAX_REQUESTS) requests.shift();
      return entry;
    },
    count(path, method) {
      const matches = (entry: RecordedRequest) =>
        (typeof path === 'string' ? entry.path === path : path.test(entry.path)) &&
        (method === undefined || entry.method === method);
      return requests.filter(matches).length;
    },
    clear() {
      requests.length = 0;
    },
  };
}

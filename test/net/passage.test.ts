// The passage: answers handed over as they come in, under the same guard as every fetch.

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { HangUp } from '../../src/hang-up.ts';
import type { AnswerBody, PassageRequest } from '../../src/outbound.ts';
import { until } from '../support/until.ts';
import { bodyOf, httpServer, outbound } from './servers.ts';

const REQUEST: PassageRequest = { method: 'POST', headers: ['content-type', 'application/json'], body: '{}' };

/** Everything, however it comes. */
function all(body: AnswerBody): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    body.pipe({
      write(chunk) {
        text += Buffer.from(chunk).toString();
        return true;
      },
      end: () => resolve(text),
      fail: reject,
    });
  });
}

describe('the passage', () => {
  test('sends what it is given, with our name, and without what belongs to the connection', async () => {
    let seen: unknown;
    const server = await httpServer(async (request, response) => {
      seen = { ...request.headers, body: await bodyOf(request), method: request.method };
      response.end('ok');
    });
    const headers = ['x-key', 'k', 'cookie', 'a=b', 'host', 'elsewhere.example'];
    const answer = await outbound().passage(server.url, { method: 'POST', headers, body: 'déjà' });
    expect(await all(answer.body)).toBe('ok');
    expect(seen).toMatchObject({ 'x-key': 'k', host: `127.0.0.1:${server.port}`, body: 'déjà', method: 'POST' });
    expect(seen).toMatchObject({ 'user-agent': 'Chatelaine/test', 'content-length': '6' });
    expect(seen).not.toHaveProperty('cookie');
  });

  test('gives a short answer whole, once, and a long one piece by piece', async () => {
    const long = 'x'.repeat(1_000_000);
    const server = await httpServer((request, response) => response.end(request.url === '/long' ? long : 'short'));
    const { passage } = outbound();
    const short = await passage(server.url, REQUEST);
    const taken = short.body.takeWhole();
    expect(taken === null ? await all(short.body) : Buffer.from(taken).toString()).toBe('short');
    expect((await all((await passage(`${server.url}/long`, REQUEST)).body)).length).toBe(long.length);
  });

  test('decodes what is compressed, and leaves out the headers of what nobody will see', async () => {
    const server = await httpServer((_, response) => {
      const body = gzipSync('plain words');
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body);
    });
    const answer = await outbound().passage(server.url, REQUEST);
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(answer.headers).not.toHaveProperty('content-length');
    expect(await all(answer.body)).toBe('plain words');
  });

  test('does not reach a private address that nobody allowed, nor follows a redirect to another origin', async () => {
    let reached = 0;
    const canary = await httpServer((_, response) => {
      reached += 1;
      response.end();
    });
    const server = await httpServer((_, response) => response.writeHead(307, { location: canary.url }).end());
    const refused = outbound({ allowed: '' }).passage(canary.url, REQUEST);
    await expect(refused).rejects.toMatchObject({ code: 'address_refused' });
    const led = outbound().passage(server.url, REQUEST);
    await expect(led).rejects.toMatchObject({ code: 'upstream_redirect_refused' });
    expect(reached).toBe(0);
  });

  test('holds the sender back while the sink asks for a pause', async () => {
    let sent = 0;
    const server = await httpServer(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const piece = 'y'.repeat(64 * 1024);
      for (let i = 0; i < 400; i += 1) {
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
        sent += 1;
      }
      response.end();
    });
    const { body } = await outbound().passage(server.url, REQUEST);
    const got = { bytes: 0, isOver: false, isPaused: true };
    body.pipe({
      write(chunk) {
        got.bytes += chunk.byteLength;
        return !got.isPaused;
      },
      end: () => {
        got.isOver = true;
      },
      fail: () => undefined,
    });
    await until('something came', () => got.bytes > 0);
    const before = got.bytes;
    await until('the sender waits', async () => {
      const then = sent;
      await new Promise((resolve) => setImmediate(resolve));
      return sent === then;
    });
    expect(got.bytes).toBeLessThan(before + 256 * 1024);
    got.isPaused = false;
    body.resume();
    await until('all of it is here', () => got.isOver);
    expect(got.bytes).toBe(400 * 64 * 1024);
  });

  test('ends with whoever asked, before the headers and in the middle of the body', async () => {
    let closed = 0;
    const server = await httpServer((request, response) => {
      response.on('close', () => (closed += 1));
      if (request.url === '/stream')
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    });
    const { passage } = outbound();
    const early = new HangUp();
    const waiting = passage(server.url, { ...REQUEST, cancellation: early });
    early.abort(new Error('gone early'));
    await expect(waiting).rejects.toThrow('gone early');

    const late = new HangUp();
    const answer = await passage(`${server.url}/stream`, { ...REQUEST, cancellation: late });
    const reading = all(answer.body);
    late.abort(new Error('gone late'));
    await expect(reading).rejects.toThrow('gone late');
    await until('the server knows', () => closed >= 1);
  });
});

describe('HangUp', () => {
  test('tells each listener once, its child and its signal, and nobody who left', () => {
    const hangUp = new HangUp();
    const heard: string[] = [];
    const gone = (): void => void heard.push('gone');
    hangUp.addEventListener('abort', () => heard.push('listener'));
    hangUp.addEventListener('abort', gone);
    hangUp.removeEventListener('abort', gone);
    const child = hangUp.child();
    child.addEventListener('abort', () => heard.push('child'));
    const { signal } = hangUp;
    hangUp.abort('first');
    hangUp.abort('second');
    expect(heard).toEqual(['listener', 'child']);
    expect([hangUp.reason, child.reason, signal.reason]).toEqual(['first', 'first', 'first']);
    expect(new Set([hangUp.aborted, child.aborted, signal.aborted, hangUp.child().aborted])).toEqual(new Set([true]));
  });

  test('a child that ends does not end its parent', () => {
    const hangUp = new HangUp();
    hangUp.child().abort();
    expect(hangUp.aborted).toBe(false);
  });

  test('ends with the signal that it was made of', () => {
    const controller = new AbortController();
    const hangUp = HangUp.of(controller.signal);
    controller.abort('over');
    expect(hangUp.reason).toBe('over');
    expect(HangUp.of(controller.signal).aborted).toBe(true);
  });
});

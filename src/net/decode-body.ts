// Undoes a Content-Encoding (RFC 9110 section 8.4) while it streams, and stops at the size limit: a few
// kilobytes of compressed data can stand for gigabytes, so the bytes are counted after decoding.

import { pipeline, Readable, type Transform } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { ChatelaineError, isChatelaineError, quoteForeign } from '../errors.ts';
import { tooLargeFault } from './network-fault.ts';

const DECODERS: { readonly [coding: string]: () => Transform } = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** What is asked for; the other codings are understood when a server uses them unasked. */
export const ACCEPTED_CODINGS = 'gzip, br';

/** True when the body must go through `decodeBody`. */
export function isEncoded(contentEncoding: string | null): contentEncoding is string {
  return contentEncoding !== null && !/^(?:\s*identity\s*)?$/i.test(contentEncoding);
}

/**
 * The decoded body; cancelling it cancels `encoded`, and a fault of `encoded` comes through as it is.
 *
 * @throws upstream_invalid_response at once for a coding, or a list of codings, that is not understood;
 *   while reading, the same code for damaged data and upstream_too_large beyond `maxBytes`
 */
export function decodeBody(
  encoded: ReadableStream<Uint8Array>,
  contentEncoding: string,
  maxBytes: number,
  host: string,
): ReadableStream<Uint8Array> {
  const coding = contentEncoding.trim().toLowerCase();
  const createDecoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (createDecoder === undefined) {
    throw new ChatelaineError(
      'upstream_invalid_response',
      `${quoteForeign(host)} answered in the content encoding ${quoteForeign(contentEncoding, 40)}, which is not understood.`,
    );
  }
  const source = Readable.fromWeb(encoded as NodeReadableStream<Uint8Array>);
  // The callback only keeps a late error from being thrown at nobody; readers get it from the iterator.
  const decoder = pipeline(source, createDecoder(), () => {});
  const chunks: AsyncIterator<Buffer> = decoder[Symbol.asyncIterator]();
  let bytes = 0;

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await chunks.next();
          if (next.done === true) return controller.close();
          bytes += next.value.length;
          if (bytes > maxBytes) throw tooLargeFault(host, maxBytes);
          controller.enqueue(next.value);
        } catch (error) {
          decoder.destroy();
          controller.error(isChatelaineError(error) ? error : decodingFault(error, host));
        }
      },
      cancel() {
        decoder.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

function decodingFault(error: unknown, host: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // Anything that is not the decoder's own complaint (a caller's abort reason) is not ours to rename.
  if (!/^(Z_|ERR_BROTLI|ERR__ERROR|ERR_ZLIB|ERR_ZSTD|ZSTD_)/.test(code)) return error;
  const message = `${quoteForeign(host)} sent compressed data that is damaged or cut off.`;
  return new ChatelaineError('upstream_invalid_response', message, { cause: error });
}

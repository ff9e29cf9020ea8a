import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** A request that is not taken, and the status of the answer. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** Reads a body of at most `maxBytes`. Throws RefusedError for a longer one. */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes) throw new RefusedError(413, 'the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Undoes the encoding of a body. Throws RefusedError for what is not gzip, or unpacks to more. */
export async function decompress(
  body: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new RefusedError(415, 'the encoding is not gzip');
  try {
    return await promisify(gunzip)(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    const isLarge = cause instanceof RangeError;
    throw new RefusedError(isLarge ? 413 : 400, isLarge ? 'the body is too large' : 'no gzip');
  }
}

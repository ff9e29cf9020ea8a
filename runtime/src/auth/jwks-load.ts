import { createReadStream } from 'node:fs';
import { readBounded } from '../bodies/read-bounded.ts';
import { KeySetError } from './jwks-parse.ts';

/** The place of an issuer's key set. */
export type KeyPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string };

/** Loads the text of a key set. */
export type KeyLoader = {
  /** Rejects with KeySetError, or the error of the file system or `fetch`. */
  readonly load: (signal: AbortSignal) => Promise<string>;
  /** Milliseconds after which the set is loaded again. */
  readonly maxAgeMs: number;
  /**
   * Milliseconds after a load in which the set is loaded again without a request that waits for it.
   */
  readonly unaskedMs: number;
  /** Milliseconds between loads after a failure or for an unknown key. */
  readonly pauseMs: number;
};

/** Most bytes of a key set: enough for a hundred RSA keys of 4096 bits with certificates. */
const MAX_BYTES = 262_144;

/**
 * Creates the loader of a place. A file is cheap, so it is read every second. That also notices
 * files that are moved, linked or overwritten, whose modification time may stay the same.
 */
export function createKeyLoader(place: KeyPlace): KeyLoader {
  switch (place.kind) {
    case 'file':
      return {
        load: (signal) => readFile(place.path, signal),
        maxAgeMs: 1_000,
        unaskedMs: 1_000,
        pauseMs: 250,
      };
    case 'url':
      return {
        load: (signal) => fetchText(place.url, signal),
        maxAgeMs: 30_000,
        // Twice the age, so that only the first request after a long silence waits.
        unaskedMs: 60_000,
        pauseMs: 5_000,
      };
    default:
      return place satisfies never;
  }
}

async function readFile(path: string, signal: AbortSignal): Promise<string> {
  return readText(createReadStream(path, { end: MAX_BYTES, signal }));
}

/** A redirect is an error: it could lead from https to a place that an attacker controls. */
async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const headers = { accept: 'application/jwk-set+json, application/json' };
  const response = await fetch(url, { headers, redirect: 'error', signal });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new KeySetError(`the key set was answered with ${response.status}`);
  }
  return readText(response.body);
}

async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const text = await readBounded(chunks, MAX_BYTES);
  if (text === undefined) throw new KeySetError(`the key set is larger than ${MAX_BYTES} bytes`);
  return text;
}

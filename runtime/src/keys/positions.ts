import { createCipheriv, createDecipheriv } from 'node:crypto';
import { deriveFromRing, type KeyRingSource, toKeyRingSource } from './ring-source.ts';
import { currentKey, type KeyRing } from './key-ring.ts';

/** Converts positions of the log to opaque tokens and back. */
export type Positions = {
  /** Returns the token of a position: 23 characters of base64url. */
  readonly seal: (position: number) => string;
  /**
   * Returns the position in a token, or undefined if the token is not valid, or is of another
   * incarnation of the log.
   */
  readonly open: (token: string) => number | undefined;
  /** Whether a valid token is of another incarnation of the log. */
  readonly isOfOtherIncarnation: (token: string) => boolean;
};

/** Returns the incarnation of the log; 0 while it is not known. */
export type CurrentIncarnation = () => number;

const FORMAT = 1;
const TOKEN_BYTES = 17;
const UNKNOWN = 0;

/**
 * A token is a format byte and one AES-256 block over four zero bytes, the incarnation of the log
 * and the position. Without the key nobody can choose what a block decrypts to: a forged token opens
 * to a position of this incarnation once in 2^75 tries. The same position always gives the same
 * token. The ciphers are reused, because creating one costs 6 µs and ECB without padding encrypts
 * each block independently.
 *
 * An incarnation that is not known, here or to who sealed the token, is not compared: a service that
 * starts while the log is away answers as before. Without `incarnation` none is ever compared.
 */
export function createPositions(
  ring: KeyRing | KeyRingSource,
  incarnation: CurrentIncarnation = () => UNKNOWN,
): Positions {
  const ciphers = deriveFromRing(toKeyRingSource(ring), createCiphers);

  function unseal(token: string): Sealed | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== TOKEN_BYTES || bytes[0] !== FORMAT) return undefined;
    if (bytes.toString('base64url') !== token) return undefined;
    for (const decipher of ciphers().open) {
      const sealed = toSealed(decipher.update(bytes.subarray(1)));
      if (sealed !== undefined) return sealed;
    }
    return undefined;
  }

  function isOther({ incarnation: sealedIn }: Sealed): boolean {
    const current = incarnation();
    return sealedIn !== current && sealedIn !== UNKNOWN && current !== UNKNOWN;
  }

  return {
    seal: (position) => {
      const block = Buffer.alloc(16);
      block.writeUInt32BE(incarnation(), 4);
      block.writeBigUInt64BE(BigInt(position), 8);
      return Buffer.concat([Buffer.of(FORMAT), ciphers().seal.update(block)]).toString('base64url');
    },
    open: (token) => {
      const sealed = unseal(token);
      return sealed === undefined || isOther(sealed) ? undefined : sealed.position;
    },
    isOfOtherIncarnation: (token) => {
      const sealed = unseal(token);
      return sealed !== undefined && isOther(sealed);
    },
  };
}

type Sealed = { readonly incarnation: number; readonly position: number };

function createCiphers(ring: KeyRing) {
  const currentFirst = [...ring.keys].toSorted(
    ([a], [b]) => Number(b === ring.current) - Number(a === ring.current),
  );
  return {
    seal: createCipheriv('aes-256-ecb', currentKey(ring), null).setAutoPadding(false),
    open: currentFirst.map(([, key]) =>
      createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false),
    ),
  };
}

function toSealed(block: Buffer): Sealed | undefined {
  if (block.readUInt32BE(0) !== 0) return undefined;
  const position = Number(block.readBigUInt64BE(8));
  return Number.isSafeInteger(position)
    ? { incarnation: block.readUInt32BE(4), position }
    : undefined;
}

import { readFileSync } from 'node:fs';
import { Instant } from '@zameni/contracts';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { CLAIM_PHASE_NAMES, type ClaimPhase } from './claim-phases.ts';

/** Keys of 256 bits by version, and which of them is used for new data. */
export type KeyRing = {
  readonly current: string;
  readonly keys: ReadonlyMap<string, Buffer>;
  /** Of peppers: the layers that the subjects of claims are made of, oldest first. */
  readonly layers?: readonly string[];
  /** Of peppers: how far the rotation to the last layer is; left out when there is none. */
  readonly phase?: ClaimPhase;
};

/** What the file of a key ring holds. */
export const KeyRingFile = Type.Object(
  {
    current: Type.String({ minLength: 1 }),
    /** A key that every process must have read before it becomes current. */
    next: Type.Optional(Type.String({ minLength: 1 })),
    /** When keys became current, as far as that is known. */
    since: Type.Optional(Type.Record(Type.String(), Instant)),
    layers: Type.Optional(Type.Array(Type.String(), { minItems: 1, uniqueItems: true })),
    phase: Type.Optional(Type.Enum(CLAIM_PHASE_NAMES)),
    keys: Type.Record(
      Type.String({ pattern: '^[A-Za-z0-9_-]{1,32}$' }),
      Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }),
      { additionalProperties: false, minProperties: 1 },
    ),
  },
  { additionalProperties: false },
);
export type KeyRingFile = Static<typeof KeyRingFile>;

const keyRingCheck = Compile(KeyRingFile);

/** A file with a secret that cannot be used; the message names the file, never its content. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';
}

/** Reads a secret from a file, without the line end. */
export function readSecret(path: string): string {
  const secret = readText(path).replace(/\r?\n$/, '');
  if (secret === '') throw new SecretFileError(`${path} is empty`);
  return secret;
}

/** Reads a key ring: `{"current":"1","keys":{"1":"<base64 of 32 bytes>"}}`. */
export function readKeyRing(path: string): KeyRing {
  const { current, keys, layers, phase } = readKeyRingFile(path);
  const buffers = Object.entries(keys).map(
    ([version, key]) => [version, Buffer.from(key, 'base64')] as const,
  );
  return {
    current,
    keys: new Map(buffers),
    ...(layers === undefined ? {} : { layers }),
    ...(phase === undefined ? {} : { phase }),
  };
}

/** Reads the file of a key ring as it is, for who changes it. */
export function readKeyRingFile(path: string): KeyRingFile {
  const file = parseJson(path);
  if (!keyRingCheck.Check(file)) {
    throw new SecretFileError(
      `${path} is not a key ring; it must look like {"current":"1","keys":{"1":"<base64 of 32 bytes>"}}`,
    );
  }
  for (const field of ['current', 'next', 'layers'] as const) {
    const ids = [file[field] ?? []].flat();
    if (ids.some((id) => !Object.hasOwn(file.keys, id))) {
      throw new SecretFileError(`${path}: "${field}" names a key that is not in "keys"`);
    }
  }
  if (file.phase !== undefined && (file.layers ?? []).length < 2) {
    throw new SecretFileError(`${path}: "phase" needs two "layers"`);
  }
  return file;
}

/** Reads a file as JSON; the error names the file only. */
export function parseJson(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof SecretFileError) throw error;
    // The parser's message quotes the content, so it is not passed on.
    throw new SecretFileError(`${path} is not JSON`);
  }
}

/** The key that is used for new data. */
export function currentKey(ring: KeyRing): Buffer {
  const key = ring.keys.get(ring.current);
  if (key === undefined) throw new SecretFileError(`key ring lacks its current key`);
  return key;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SecretFileError(`${path} cannot be read`, { cause });
  }
}

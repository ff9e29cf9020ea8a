import { Timestamp } from '@zameni/contracts';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { CLAIM_PHASE_NAMES } from './claim-phases.ts';
import { parseJson, SecretFileError } from './secret-file.ts';

/** Keys of 256 bits by id. The current one is used for new data. */
export type KeyRing = {
  readonly current: string;
  readonly keys: ReadonlyMap<string, Buffer>;
};

/** The content of a key ring's file. Only peppers use `layers` and `phase` (pepper-ring.ts). */
export const KeyRingFile = Type.Object(
  {
    current: Type.String({ minLength: 1 }),
    /** A key that every process must have read before it becomes current. */
    next: Type.Optional(Type.String({ minLength: 1 })),
    /** The times at which keys became current, if known. */
    since: Type.Optional(Type.Record(Type.String(), Timestamp)),
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

/** Reads a key ring: `{"current":"1","keys":{"1":"<base64 of 32 bytes>"}}`. */
export function readKeyRing(path: string): KeyRing {
  return toKeyRing(readKeyRingFile(path));
}

/** Converts the content of a ring's file. */
export function toKeyRing({ current, keys }: KeyRingFile): KeyRing {
  const buffers = Object.entries(keys).map(
    ([id, key]) => [id, Buffer.from(key, 'base64')] as const,
  );
  return { current, keys: new Map(buffers) };
}

/** Reads the content of a key ring's file, to change it. */
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

/** Returns the oldest key. The ids of keys begin with consecutive numbers (`addNextKey`). */
export function firstKey(ring: KeyRing): Buffer {
  const numberOf = (id: string) => Number.parseInt(id, 10) || 0;
  const [first] = [...ring.keys].toSorted(([a], [b]) => numberOf(a) - numberOf(b));
  return first === undefined ? currentKey(ring) : first[1];
}

/** Returns the key for new data. */
export function currentKey(ring: KeyRing): Buffer {
  const key = ring.keys.get(ring.current);
  if (key === undefined) throw new SecretFileError(`key ring lacks its current key`);
  return key;
}

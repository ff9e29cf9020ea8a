import { type Static, Type } from 'typebox';
import { ENDINGS } from './events.ts';
import { Instant, Uuid } from './identifiers.ts';

/** Attempts that may wait for proof of one mailbox at once; the oldest makes room for a newer one. */
export const MAX_CONTENDERS = 8;

/**
 * A claim on an address, the last one counts: who holds it, whether the mailbox was proven, since
 * when, and who else waits to prove it (oldest first); or that it was given up.
 */
export const ClaimRecord = Type.Union([
  Type.Object(
    {
      state: Type.Literal('held'),
      userId: Uuid,
      verified: Type.Boolean(),
      // Claims of the first days carry neither; they do not expire.
      since: Type.Optional(Instant),
      contenders: Type.Optional(Type.Array(Uuid, { maxItems: MAX_CONTENDERS })),
    },
    { additionalProperties: false },
  ),
  Type.Object({ state: Type.Literal('released') }, { additionalProperties: false }),
]);
export type ClaimRecord = Static<typeof ClaimRecord>;

/**
 * A person's data key, wrapped: AES-256-GCM under the key-encryption key named by `kek`, bound to
 * the user id; base64 of nonce, ciphertext and tag. `version` counts the re-wrappings.
 */
export const KeyRecord = Type.Object(
  {
    kek: Type.String({ minLength: 1 }),
    version: Type.Integer({ minimum: 1 }),
    wrapped: Type.String(),
  },
  { additionalProperties: false },
);
export type KeyRecord = Static<typeof KeyRecord>;

/** Twice what a commit gives up: one claim, which has two subjects while a pepper is being rotated. */
const MAX_GIVEN_UP = 4;

/**
 * A forget record: what a commit leaves to be deleted from the log. Of claims that were given up, as
 * their subjects name them, everything up to this record; of people who do not come back, all keys. It
 * lies behind the claims and before the events of the same commit, and is deleted itself once everything
 * it names is.
 */
export const ForgetRecord = Type.Object(
  {
    claims: Type.Array(Type.String({ minLength: 1 }), { maxItems: MAX_GIVEN_UP }),
    people: Type.Array(
      Type.Object({ userId: Uuid, why: Type.Enum(ENDINGS) }, { additionalProperties: false }),
      // A holder and everybody who waits beside her.
      { maxItems: MAX_CONTENDERS + 1 },
    ),
  },
  { additionalProperties: false },
);
export type ForgetRecord = Static<typeof ForgetRecord>;

import { type Static, Type } from 'typebox';
import { Uuid } from './identifiers.ts';

/** A claim on an address: who holds it, and whether the mailbox was proven. */
export const ClaimRecord = Type.Object(
  { state: Type.Literal('held'), userId: Uuid, verified: Type.Boolean() },
  { additionalProperties: false },
);
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

import { type Static, Type } from 'typebox';
import { DisplayName, Locale, Profile, TermsVersion } from '../commands.ts';
import { Envelope } from '../events/envelope.ts';
import { AddressDigest, Instant, Uuid } from '../identifiers.ts';

const closed = { additionalProperties: false } as const;

/**
 * The position of the newest erasure before this record that released the claim. Attempts on the address
 * from before it are void. Later records of the claim repeat it until the eraser has found them all.
 */
const ErasedAt = Type.Optional(Type.Integer({ minimum: 1 }));

/**
 * A claim on an address; the last one counts: which account holds it and whether its mailbox was
 * proven, or that it was released and by what. Only accounts hold claims. After a release by an
 * erasure, attempts on the address from before it are void too, until they are closed.
 */
export const ClaimRecord = Type.Union([
  Type.Object(
    {
      state: Type.Literal('held'),
      userId: Uuid,
      verified: Type.Boolean(),
      erasedAt: ErasedAt,
    },
    closed,
  ),
  Type.Object(
    {
      state: Type.Literal('released'),
      by: Type.Enum(['erasure', 'email-change', 'disowning']),
      erasedAt: ErasedAt,
    },
    closed,
  ),
]);
export type ClaimRecord = Static<typeof ClaimRecord>;

const AttemptKeyId = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}$',
  description: 'The attempt key that seals, named by its day',
});

/** Sealed beside the data, so that a retry can be compared after the data is gone. */
const SealedFingerprint = Type.String({
  description: 'The fingerprint of the request: base64 of nonce, ciphertext and tag',
});

/** A public registration that awaits proof. It holds no address. */
export const OpenAttempt = Type.Object(
  {
    state: Type.Literal('open'),
    claim: AddressDigest,
    time: Instant,
    /** From this instant on there is no such attempt, whatever a server still shows. */
    expiresAt: Instant,
    actor: Type.Object(
      { type: Envelope.properties.actortype, id: Envelope.properties.actorid },
      closed,
    ),
    causationId: Envelope.properties.causationid,
    key: AttemptKeyId,
    sealed: Type.String({ description: 'AttemptData: base64 of nonce, ciphertext and tag' }),
    retry: SealedFingerprint,
  },
  closed,
);
export type OpenAttempt = Static<typeof OpenAttempt>;

/** What became of an attempt; it stays as long as the attempt would have. */
export const ClosedAttempt = Type.Object(
  {
    state: Type.Literal('closed'),
    /** The position of the attempt that was closed. */
    attempt: Type.Integer({ minimum: 1 }),
    expiresAt: Instant,
    by: Type.Enum(['proof', 'not-mine', 'erasure']),
    /** After proof: the account that came of it, or was confirmed by it. */
    userId: Type.Optional(Uuid),
  },
  closed,
);
export type ClosedAttempt = Static<typeof ClosedAttempt>;

/**
 * An attempt on an address whose holder was erased after it: nothing proves it any more. To a stranger
 * it looks like one that waits for proof until its instant, so that no erasure can be observed.
 */
export const VoidAttempt = Type.Object(
  {
    state: Type.Literal('void'),
    /** The position of the attempt that became void. */
    attempt: Type.Integer({ minimum: 1 }),
    expiresAt: Instant,
    key: AttemptKeyId,
    retry: SealedFingerprint,
  },
  closed,
);
export type VoidAttempt = Static<typeof VoidAttempt>;

/** A record of an attempt; the last one counts. */
export const AttemptRecord = Type.Union([OpenAttempt, ClosedAttempt, VoidAttempt]);
export type AttemptRecord = Static<typeof AttemptRecord>;

/** What an attempt asked for, as it lies sealed in its record. */
export const AttemptData = Type.Object(
  {
    email: Type.String(),
    displayName: DisplayName,
    locale: Locale,
    termsVersion: TermsVersion,
    profile: Profile,
  },
  closed,
);
export type AttemptData = Static<typeof AttemptData>;

/** Somebody asks for another mail to a mailbox, whatever is behind the address. */
export const MailWish = Type.Object({ claim: AddressDigest, time: Instant }, closed);
export type MailWish = Static<typeof MailWish>;

/** Seconds after which a mail wish expires from the log. */
export const MAIL_WISH_LIFETIME_SECONDS = 24 * 60 * 60;

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
  closed,
);
export type KeyRecord = Static<typeof KeyRecord>;

/** Twice what a commit releases: one claim, which has two subjects while a pepper is being rotated. */
const MAX_RELEASED = 4;

/**
 * What a commit leaves to be deleted from the log. It lies before the events of the same commit, and
 * is deleted itself once everything it names is.
 */
export const DeletionRecord = Type.Object(
  {
    /** Released claims, as their subjects name them: everything up to this record. */
    claims: Type.Array(Type.String({ minLength: 1 }), { maxItems: MAX_RELEASED }),
    /** Erased people, all of whose keys are deleted. */
    people: Type.Array(Uuid, { maxItems: 1 }),
    /** Attempts that were closed: their records up to a position. */
    attempts: Type.Array(Type.Object({ id: Uuid, upTo: Type.Integer({ minimum: 1 }) }, closed), {
      maxItems: 1,
    }),
    /** Addresses of erased people: every attempt on one of them from before this record. */
    addresses: Type.Array(AddressDigest, { maxItems: 1 }),
  },
  closed,
);
export type DeletionRecord = Static<typeof DeletionRecord>;

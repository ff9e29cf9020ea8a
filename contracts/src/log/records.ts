import { type Static, Type } from 'typebox';
import { DisplayName, Locale, Profile, TermsVersion } from '../commands.ts';
import { Envelope } from '../events/envelope.ts';
import { AddressDigest, Timestamp, Uuid } from '../identifiers.ts';

const closed = { additionalProperties: false } as const;

/**
 * Position of the newest erasure before this record that released the claim. Older attempts on the
 * address are void. Later records of the claim repeat the position until the eraser has found all
 * of these attempts.
 */
const ErasedAt = Type.Optional(Type.Integer({ minimum: 1 }));

/**
 * A claim on an address; the last record counts. It says which account holds the address and
 * whether the mailbox was proven, or what released the address. Only accounts hold claims. A
 * release by an erasure also makes older attempts on the address void, until they are closed. A claim
 * with `until` is reserved: the account has another address by now, and may take this one back until
 * then. After that the address is free, whether or not the record is still there.
 */
export const ClaimRecord = Type.Union([
  Type.Object(
    {
      state: Type.Literal('held'),
      userId: Uuid,
      verified: Type.Boolean(),
      until: Type.Optional(Timestamp),
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

/** Sealed apart from the data, so that a retry can be compared after the data is gone. */
const SealedFingerprint = Type.String({
  description: 'The fingerprint of the request: base64 of nonce, ciphertext and tag',
});

/** A public registration that awaits proof. It holds no address. */
export const OpenAttempt = Type.Object(
  {
    state: Type.Literal('open'),
    claim: AddressDigest,
    /** In clear, because registrations are counted by it. */
    locale: Locale,
    time: Timestamp,
    /** The attempt ends at this instant, even if a server still shows it. */
    expiresAt: Timestamp,
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

/** The outcome of an attempt. It stays as long as the attempt would have stayed. */
export const ClosedAttempt = Type.Object(
  {
    state: Type.Literal('closed'),
    /** Position of the attempt that was closed. */
    attempt: Type.Integer({ minimum: 1 }),
    expiresAt: Timestamp,
    by: Type.Enum(['proof', 'not-mine', 'erasure']),
    /** After proof: the account that the proof created or confirmed. */
    userId: Type.Optional(Uuid),
  },
  closed,
);
export type ClosedAttempt = Static<typeof ClosedAttempt>;

/**
 * An attempt that is older than the erasure of the person who held its address. It can no longer be
 * proven. To others it looks like an attempt that awaits proof, so that nobody can observe the
 * erasure.
 */
export const VoidAttempt = Type.Object(
  {
    state: Type.Literal('void'),
    /** Position of the attempt that became void. */
    attempt: Type.Integer({ minimum: 1 }),
    expiresAt: Timestamp,
    key: AttemptKeyId,
    retry: SealedFingerprint,
  },
  closed,
);
export type VoidAttempt = Static<typeof VoidAttempt>;

/** A record of an attempt; the last record counts. */
export const AttemptRecord = Type.Union([OpenAttempt, ClosedAttempt, VoidAttempt]);
export type AttemptRecord = Static<typeof AttemptRecord>;

/** The data of a registration that its attempt holds sealed: everything except the locale. */
export const AttemptData = Type.Object(
  {
    email: Type.String(),
    displayName: DisplayName,
    termsVersion: TermsVersion,
    profile: Profile,
  },
  closed,
);
export type AttemptData = Static<typeof AttemptData>;

/** A request for another mail to a mailbox. It does not depend on the state of the address. */
export const MailWish = Type.Object({ claim: AddressDigest, time: Timestamp }, closed);
export type MailWish = Static<typeof MailWish>;

/** Seconds until a mail wish expires from the log. */
export const MAIL_WISH_LIFETIME_SECONDS = 24 * 60 * 60;

/**
 * The address of a person who was erased, for one last mail that confirms the erasure. It is
 * appended with the erasure, which destroys the key of everything else about them. A former address
 * that is reserved has one of its own, whose subject names the event that requested the change.
 */
export const Farewell = Type.Object(
  {
    userId: Type.Optional({ ...Uuid, description: 'The person, where the subject names a change' }),
    time: Timestamp,
    locale: Locale,
    key: AttemptKeyId,
    sealed: Type.String({ description: 'The address: base64 of nonce, ciphertext and tag' }),
  },
  closed,
);
export type Farewell = Static<typeof Farewell>;

/**
 * Seconds until a farewell expires from the log. The address must not outlive the erasure for
 * longer than a mail needs: an hour covers a mail server that is away for a while or takes mails of
 * unknown senders later. A mail that is not sent by then is not worth keeping an address for.
 */
export const FAREWELL_LIFETIME_SECONDS = 60 * 60;

/**
 * A person's data key, wrapped by AES-256-GCM under the key-encryption key `kek` and bound to the
 * user id: base64 of nonce, ciphertext and tag. `version` starts at 1 and grows with each
 * re-wrapping.
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

/**
 * Seconds in which the mailbox of a former address can undo a change: a weekend, and the day until
 * its mails are read. A stolen token can change an address in a minute.
 */
export const UNDO_SECONDS = 72 * 60 * 60;

/** Most addresses that are reserved for an account at once. */
export const MAX_RESERVED = 3;

/**
 * Most former addresses that an erasure gives up: those that are reserved, and as many whose time has
 * ended less than an hour ago, so that the log may have them still.
 */
export const MAX_FORMER = 2 * MAX_RESERVED;

/**
 * More than the subjects that a commit releases: the claim and those of former addresses, each with
 * two subjects while a pepper is rotated.
 */
const MAX_RELEASED = 4 * (1 + MAX_FORMER);

/**
 * Names the records that a commit leaves to be deleted from the log. It lies before the events of
 * the same commit. It is deleted itself after everything that it names.
 */
export const DeletionRecord = Type.Object(
  {
    /** Released claims, as their subjects name them. Their records up to this one are deleted. */
    claims: Type.Array(Type.String({ minLength: 1 }), { maxItems: MAX_RELEASED }),
    /** Erased people. All records of their keys are deleted. */
    people: Type.Array(Uuid, { maxItems: 1 }),
    /** Closed attempts. Their records up to a position are deleted. */
    attempts: Type.Array(Type.Object({ id: Uuid, upTo: Type.Integer({ minimum: 1 }) }, closed), {
      maxItems: 1,
    }),
    /** Addresses of erased people. Attempts on them before this record become void. */
    addresses: Type.Array(AddressDigest, { maxItems: 1 }),
  },
  closed,
);
export type DeletionRecord = Static<typeof DeletionRecord>;

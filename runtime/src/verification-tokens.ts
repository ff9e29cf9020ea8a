import { parseUserId, type UserId } from '@zameni/contracts';
import { errors, jwtVerify, SignJWT } from 'jose';
import { type KeyRingSource, toKeyRingSource } from './key-ring-source.ts';
import { currentKey, type KeyRing } from './secrets.ts';

/** What a link proves when it comes back: a mailbox, for one attempt of one person. */
export type Proof = {
  readonly userId: UserId;
  /** The claim of the address that the link was sent to. */
  readonly claim: string;
  /** The event that asked for the proof: a registration or an address change. */
  readonly attempt: string;
};

/** Makes and opens the tokens of verification links. */
export type VerificationTokens = {
  readonly issue: (proof: Proof) => Promise<string>;
  /** What a token proves; undefined when it is not ours, is for something else, or has expired. */
  readonly open: (token: string) => Promise<Proof | undefined>;
};

/** What making them needs; `lifetimeSeconds` is that of an unproven claim. */
export type VerificationTokenOptions = {
  readonly lifetimeSeconds: number;
  readonly now: () => Date;
};

/** Told apart from every other token, so that neither is taken for the other (RFC 8725, 3.11). */
const TYPE = 'zameni-verification+jwt';
const AUDIENCE = 'zameni:email-verifications';
const ALGORITHM = 'HS256';

/**
 * Tokens are JWTs signed with the current key of a ring (HMAC-SHA-256) and accepted under any of its
 * keys, so that keys rotate while links are on their way. Nothing is stored: that one is used only
 * once follows from the state of the account it names.
 */
export function createVerificationTokens(
  ring: KeyRing | KeyRingSource,
  { lifetimeSeconds, now }: VerificationTokenOptions,
): VerificationTokens {
  const source = toKeyRingSource(ring);
  return {
    issue: async ({ userId, claim, attempt }) => {
      const signing = source.current();
      const issuedAt = Math.floor(now().getTime() / 1_000);
      return new SignJWT({ claim, attempt })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: signing.current })
        .setSubject(userId)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(currentKey(signing));
    },
    open: async (token) => {
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => keyOf(source, kid), {
          algorithms: [ALGORITHM],
          typ: TYPE,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'exp', 'claim', 'attempt'],
          currentDate: now(),
        });
        const userId = parseUserId(payload.sub ?? '');
        const { claim, attempt } = payload;
        if (userId === undefined || typeof claim !== 'string' || typeof attempt !== 'string') {
          return undefined;
        }
        return { userId, claim, attempt };
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

function keyOf(source: KeyRingSource, kid: string | undefined): Buffer {
  const key = source.find(kid ?? '');
  if (key === undefined) throw new errors.JWKSNoMatchingKey();
  return key;
}

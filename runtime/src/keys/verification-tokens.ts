import { parseUserId, type UserId } from '@zameni/contracts';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Positions } from './positions.ts';
import { type KeyRingSource, toKeyRingSource } from './ring-source.ts';
import { currentKey, type KeyRing } from './key-ring.ts';

/** An attempt that a link names: one record of it, not a later one with the same id. */
export type NamedAttempt = { readonly id: UserId; readonly position: number };

/** What a returned link proves: a mailbox, for the one record that asked for the proof. */
export type Proof = {
  /** The id of the attempt or account. */
  readonly id: UserId;
  /** The keyed digest of the address that the link was sent to. */
  readonly claim: string;
} & (
  | { readonly kind: 'attempt'; readonly position: number }
  | {
      readonly kind: 'account';
      /** The event that asked for the proof: a registration or an address change. */
      readonly request: string;
      /** For an unproven account: an attempt on its address. Proof of the account closes it. */
      readonly attempt?: NamedAttempt;
    }
);

/** Makes and opens the tokens of verification links. */
export type VerificationTokens = {
  readonly issue: (proof: Proof, expiresAt: Date) => Promise<string>;
  /** Returns what a token proves, or undefined if it is invalid, for another use, or expired. */
  readonly open: (token: string) => Promise<Proof | undefined>;
};

/**
 * Dependencies of tokens. Positions are sealed, so that links do not reveal registration counts.
 */
export type VerificationTokenOptions = {
  readonly positions: Positions;
  readonly now: () => Date;
};

/** Distinguishes these tokens from all others, so that none is mistaken (RFC 8725, 3.11). */
const TYPE = 'zameni-verification+jwt';
const AUDIENCE = 'zameni:email-verifications';
const ALGORITHM = 'HS256';

const Payload = Compile(
  Type.Union([
    Type.Object({ kind: Type.Literal('attempt'), claim: Type.String(), at: Type.String() }),
    Type.Object({
      kind: Type.Literal('account'),
      claim: Type.String(),
      request: Type.String(),
      attempt: Type.Optional(Type.Object({ id: Type.String(), at: Type.String() })),
    }),
  ]),
);

/**
 * Tokens are JWTs signed with the current key of a ring (HMAC-SHA-256) and accepted under any of
 * its keys, so that keys can rotate while links are in transit. Nothing is stored. The state of the
 * named record ensures that a token is used only once.
 */
export function createVerificationTokens(
  ring: KeyRing | KeyRingSource,
  { positions, now }: VerificationTokenOptions,
): VerificationTokens {
  const source = toKeyRingSource(ring);
  return {
    issue: async (proof, expiresAt) => {
      const signing = source.current();
      return new SignJWT(toPayload(proof, positions))
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: signing.current })
        .setSubject(proof.id)
        .setAudience(AUDIENCE)
        .setIssuedAt(Math.floor(now().getTime() / 1_000))
        .setExpirationTime(Math.ceil(expiresAt.getTime() / 1_000))
        .sign(currentKey(signing));
    },
    open: async (token) => {
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => keyOf(source, kid), {
          algorithms: [ALGORITHM],
          typ: TYPE,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'exp'],
          currentDate: now(),
        });
        return toProof(payload, positions);
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

function toPayload(proof: Proof, positions: Positions): JWTPayload {
  const { kind, claim } = proof;
  if (kind === 'attempt') return { kind, claim, at: positions.seal(proof.position) };
  const { request, attempt } = proof;
  const named = attempt && { id: attempt.id, at: positions.seal(attempt.position) };
  return { kind, claim, request, ...(named === undefined ? {} : { attempt: named }) };
}

function toProof(payload: JWTPayload, positions: Positions): Proof | undefined {
  const id = parseUserId(payload.sub ?? '');
  if (id === undefined || !Payload.Check(payload)) return undefined;
  const { claim } = payload;
  if (payload.kind === 'attempt') {
    const position = positions.open(payload.at);
    return position === undefined ? undefined : { kind: 'attempt', id, claim, position };
  }
  const { kind, request, attempt } = payload;
  if (attempt === undefined) return { kind, id, claim, request };
  const attemptId = parseUserId(attempt.id);
  const position = positions.open(attempt.at);
  if (attemptId === undefined || position === undefined) return undefined;
  return { kind, id, claim, request, attempt: { id: attemptId, position } };
}

function keyOf(source: KeyRingSource, kid: string | undefined): Buffer {
  const key = source.find(kid ?? '');
  if (key === undefined) throw new errors.JWKSNoMatchingKey();
  return key;
}

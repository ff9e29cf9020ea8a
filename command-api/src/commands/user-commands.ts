import type { UpdateUserCommand, UserId } from '@zameni/contracts';
import { AppError, type Digests, type Proof, type VerificationTokens } from '@zameni/runtime';
import { type CommitDeps, commitDecision } from '../commit/decide-and-commit.ts';
import { decideAccountProof } from '../domain/decide-account-proof.ts';
import { decideAttemptProof } from '../domain/decide-attempt-proof.ts';
import { decideUserChange, type UserChange } from '../domain/decide-user-change.ts';
import type { Committed } from '../commit/decision-intent.ts';
import type { EmailAddress } from '../domain/email-address.ts';
import type { Cause } from '../commit/event-messages.ts';
import type { Said } from '../domain/verification.ts';

/** Dependencies of commands on people. */
export type UserCommandDeps = CommitDeps & {
  readonly digests: Digests;
  readonly verificationTokens: VerificationTokens;
};

/** A change of a person as a route requests it. */
export type RequestedChange =
  | {
      readonly type: 'update';
      readonly patch: UpdateUserCommand;
      readonly ifVersions?: readonly number[];
    }
  | { readonly type: 'change-email'; readonly address: EmailAddress }
  | { readonly type: 'deactivate' | 'reactivate'; readonly reasonCode: string }
  | { readonly type: 'erase' };

/** Result of a change: its position, and whether it erased an attempt instead of a person. */
export type Changed = { readonly position: number; readonly isAttempt: boolean };

/** Changes one person. Returns the position that covers the change. Throws the refusal. */
export async function changeUser(
  deps: UserCommandDeps,
  userId: UserId,
  change: RequestedChange,
  cause: Cause,
): Promise<Changed> {
  const isErasure = change.type === 'erase';
  const isReadOfData = change.type !== 'deactivate' && change.type !== 'reactivate';
  let isAttempt = false;
  const { position } = await commitDecision(deps, {
    accounts: [userId],
    ...(isErasure ? { attempts: [userId] } : {}),
    ...(isReadOfData ? { withPerson: userId } : {}),
    claimsOf: (loaded) => {
      const claim = loaded.get(userId)?.person?.data?.claim;
      return isErasure && claim !== undefined ? [claim] : [];
    },
    readsClaims: true,
    decide: (situation, loaded) => {
      const account = loaded.get(userId);
      isAttempt = account?.state.status === 'absent';
      const isFull = account?.isFull === true;
      const person = { userId, data: account?.person?.data, isFull };
      return decideUserChange(toCommand(deps.digests, person, change), situation);
    },
    cause,
  });
  return { position, isAttempt };
}

function toCommand(
  digests: Digests,
  person: Pick<UserChange, 'userId' | 'data' | 'isFull'>,
  change: RequestedChange,
): UserChange {
  if (change.type !== 'change-email') return { ...person, ...change };
  const { typed: email, canonical } = change.address;
  return { ...person, type: 'change-email', email, claim: digests.claimOf(canonical) };
}

/** Result of a proof: its account or attempt, and the position that covers it. */
export type Verified = { readonly userId: UserId; readonly position: number };

/** Uses the token of a link. Throws `invalid-verification-token`, or the refusal of the proof. */
export async function verifyEmail(
  deps: UserCommandDeps,
  { token, said }: { readonly token: string; readonly said: Said },
  cause: Cause,
): Promise<Verified> {
  const proof = await deps.verificationTokens.open(token);
  if (proof === undefined) throw new AppError('invalid-verification-token');
  const { subject, position } = await (proof.kind === 'attempt'
    ? proveAttempt(deps, { ...proof, said }, cause)
    : proveAccount(deps, { ...proof, said }, cause));
  return { userId: subject ?? proof.id, position };
}

type Kind<Name extends Proof['kind']> = Extract<Proof, { readonly kind: Name }> & {
  readonly said: Said;
};

function proveAttempt(
  deps: UserCommandDeps,
  { id, claim, position, said }: Kind<'attempt'>,
  cause: Cause,
): Promise<Committed> {
  const command = { id, claim, position, said };
  return commitDecision(deps, {
    accounts: [id],
    attempts: [id],
    newPerson: id,
    claimsOf: () => [claim],
    readsClaims: true,
    decide: (situation) => decideAttemptProof(command, situation),
    cause,
  });
}

function proveAccount(
  deps: UserCommandDeps,
  { id: userId, claim, request, attempt, said }: Kind<'account'>,
  cause: Cause,
): Promise<Committed> {
  return commitDecision(deps, {
    accounts: [userId],
    withPerson: userId,
    ...(attempt === undefined ? {} : { attempts: [attempt.id] }),
    claimsOf: (loaded) => {
      const old = loaded.get(userId)?.person?.data?.claim;
      return [...new Set([claim, ...(old === undefined ? [] : [old])])];
    },
    readsClaims: true,
    decide: (situation, loaded) => {
      const data = loaded.get(userId)?.person?.data;
      return decideAccountProof({ userId, claim, request, attempt, said, data }, situation);
    },
    cause,
  });
}

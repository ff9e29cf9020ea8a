import { randomUUID } from 'node:crypto';
import type { UpdateUserCommand, UserId } from '@zameni/contracts';
import { AppError, type Digests, type VerificationTokens } from '@zameni/runtime';
import { type CommitDeps, commitDecision } from './commit-decision.ts';
import type { Decision } from './decision.ts';
import { decideResend } from './decide-resend.ts';
import { decideUserChange, type UserChange } from './decide-user-change.ts';
import { decideVerification } from './decide-verification.ts';
import type { EmailAddress } from './email-address.ts';
import type { Cause } from './event-messages.ts';

/** What commands on people need of the outside. */
export type UserCommandDeps = CommitDeps & {
  readonly digests: Digests;
  readonly verificationTokens: VerificationTokens;
};

/** A change of a person as a route hands it over. */
export type RequestedChange =
  | {
      readonly type: 'update';
      readonly patch: UpdateUserCommand;
      readonly ifVersions?: readonly number[];
    }
  | { readonly type: 'change-email'; readonly address: EmailAddress }
  | { readonly type: 'deactivate' | 'reactivate'; readonly reasonCode: string }
  | { readonly type: 'erase' };

/** Changes one person; answers the position that covers the change. Throws what it is refused for. */
export async function changeUser(
  deps: UserCommandDeps,
  userId: UserId,
  change: RequestedChange,
  cause: Cause,
): Promise<number> {
  const isReadOfData = change.type !== 'deactivate' && change.type !== 'reactivate';
  const { position } = await commitDecision(deps, {
    accounts: [userId],
    ...(isReadOfData ? { withPerson: userId } : {}),
    claimsOf: (loaded) => {
      const claim = loaded.get(userId)?.person?.data?.claim;
      return change.type === 'erase' && claim !== undefined ? [claim] : [];
    },
    readsClaims: true,
    decide: (situation, loaded) => {
      const account = loaded.get(userId);
      const isFull = account?.isFull === true;
      const person = { userId, data: account?.person?.data, isFull };
      return decideUserChange(toCommand(deps.digests, person, change), situation);
    },
    cause,
  });
  return position;
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

/** Takes the proof of a mailbox; answers the position that covers what came of it. */
export async function verifyEmail(
  deps: UserCommandDeps,
  token: string,
  cause: Cause,
): Promise<number> {
  const proof = await deps.verificationTokens.open(token);
  if (proof === undefined) throw new AppError('invalid-verification-token');
  const { userId, claim, attempt } = proof;
  const { position } = await commitDecision(deps, {
    accounts: [userId],
    withPerson: userId,
    claimsOf: (loaded) => {
      const old = loaded.get(userId)?.person?.data?.claim;
      return [...new Set([claim, ...(old === undefined ? [] : [old])])];
    },
    readsClaims: true,
    decide: (situation, loaded) => {
      const data = loaded.get(userId)?.person?.data;
      return decideVerification({ userId, claim, attempt, time: cause.time, data }, situation);
    },
    cause,
  });
  return position;
}

/**
 * Asks for the verification mail again. Something is appended whatever lies behind the address, so
 * that the answer takes as long for a stranger's as for one's own: a wish on the account that waits
 * for proof, or one on an account nobody has, which expires.
 */
export async function resendVerification(
  deps: UserCommandDeps,
  { address, isWithinLimit }: { readonly address: EmailAddress; readonly isWithinLimit: boolean },
  cause: Cause,
): Promise<number> {
  const claim = deps.digests.claimOf(address.canonical);
  // The schema of a UUID is kept by randomUUID.
  const decoy = randomUUID() as UserId;
  const { position } = await commitDecision(deps, {
    accounts: [],
    claimsOf: () => [claim],
    readsClaims: true,
    decoy,
    decide: (situation): Decision => decideResend({ claim, decoy, isWithinLimit }, situation),
    cause,
  });
  return position;
}

import { UNDO_SECONDS, type UserId } from '@zameni/contracts';
import { AppError, type Proof } from '@zameni/runtime';
import { beginCommand } from '../commit/begin-command.ts';
import { commitDecision } from '../commit/decide-and-commit.ts';
import type { Plan } from '../commit/decision-intent.ts';
import type { Cause } from '../commit/event-messages.ts';
import { decideAccountProof } from '../domain/decide-account-proof.ts';
import { decideAttemptProof } from '../domain/decide-attempt-proof.ts';
import type { Said } from '../domain/verification.ts';
import type { UserCommandDeps } from './user-commands.ts';

/** Result of a proof: its account or attempt, and the position that covers it. */
export type Verified = { readonly userId: UserId; readonly position: number };

/** Uses the token of a link. Throws `invalid-verification-token`, or the refusal of the proof. */
export async function verifyEmail(
  deps: UserCommandDeps,
  { token, said }: { readonly token: string; readonly said: Said },
  cause: Cause,
): Promise<Verified> {
  const deadline = beginCommand(deps);
  const proof = await openToken(deps, token);
  const plan = toPlan(proof, said, cause);
  const { subject, position } = await commitDecision(deps, plan, deadline);
  return { userId: subject ?? proof.id, position };
}

/** Opens the token of a link. Throws `invalid-verification-token`. */
export async function openToken(
  { verificationTokens }: Pick<UserCommandDeps, 'verificationTokens'>,
  token: string,
): Promise<Proof> {
  const proof = await verificationTokens.open(token);
  if (proof === undefined) throw new AppError('invalid-verification-token');
  return proof;
}

/** Creates the plan of a proof: what it loads, and how it is decided. */
export function toPlan(proof: Proof, said: Said, cause: Cause): Plan {
  const { id, claim } = proof;
  if (proof.kind === 'attempt') {
    const command = { id, claim, position: proof.position, said };
    return {
      accounts: [id],
      attempts: [id],
      newPerson: id,
      claimsOf: () => [claim],
      readsClaims: true,
      decide: (situation) => decideAttemptProof(command, situation),
      cause,
    };
  }
  const { request, attempt } = proof;
  return {
    accounts: [id],
    withPerson: id,
    ...(attempt === undefined ? {} : { attempts: [attempt.id] }),
    claimsOf: (loaded) => {
      const old = loaded.get(id)?.person?.data?.claim;
      return [...new Set([claim, ...(old === undefined ? [] : [old])])];
    },
    readsClaims: true,
    decide: (situation, loaded) => {
      const data = loaded.get(id)?.person?.data;
      const { time: now } = cause;
      const undoUntil = new Date(Date.parse(now) + UNDO_SECONDS * 1_000).toISOString();
      const command = { userId: id, claim, request, attempt, said, data, now, undoUntil };
      return decideAccountProof(command, situation);
    },
    cause,
  };
}

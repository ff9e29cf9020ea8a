import { at, type LogAccount } from '../log/account.ts';
import type { LogAttempt } from '../log/attempt.ts';
import { groupByEmail } from './check-writes.ts';
import {
  decisionsOf,
  type LogFacts,
  type ProofAnswer,
  type ProofHistory,
  type Violation,
} from './types.ts';

type Decided = Extract<ProofAnswer, { kind: 'decided' }>;

/** Answers to proofs are in the log and stay valid. No free address is refused. */
export function checkProofs(proofs: readonly ProofHistory[], log: LogFacts): Violation[] {
  const accounts = new Map(log.accounts.map((account) => [account.id, account]));
  const attempts = new Map(log.attempts.map((attempt) => [attempt.id, attempt]));
  const byEmail = groupByEmail(log.accounts);
  return proofs.flatMap((proof) => {
    const { key, email, attempt, sent } = proof;
    const others = [...(byEmail.get(email) ?? [])].filter(({ id }) => id !== attempt.id);
    const faults = [
      ...sent.flatMap(({ answer }) => findAnswerFault(answer, others)),
      ...findSecondAnswer(decisionsOf(proof)),
      ...decisionsOf(proof).flatMap((decided) => {
        const account = accounts.get(decided.userId);
        const fault = findDifference(proof, {
          decided,
          attempt: attempts.get(attempt.id),
          account,
        });
        return fault === undefined ? [] : [['proven-is-logged', fault] as const];
      }),
    ];
    return faults.map(([rule, detail]) => ({ rule, detail, key, registrationId: attempt.id }));
  });
}

type Faults = (readonly [rule: string, detail: string])[];

function findAnswerFault(answer: ProofAnswer, others: readonly LogAccount[]): Faults {
  if (answer.kind === 'fault') return [['no-unknown-answers', answer.reason]];
  if (answer.kind !== 'refused') return [];
  const isVerified = answer.code === 'address-taken';
  const isHeld = others.some(({ people }) =>
    people.some(({ value }) => value?.view.emailVerified === isVerified),
  );
  return isHeld ? [] : [['refused-is-taken', `${answer.code}, no such account holds it`]];
}

function findSecondAnswer([first, ...others]: readonly Decided[]): Faults {
  return others.flatMap(({ userId }) =>
    userId === first?.userId ? [] : [['one-answer-a-link', `${first?.userId}, then ${userId}`]],
  );
}

type Found = {
  readonly decided: Decided;
  readonly attempt: LogAttempt | undefined;
  readonly account: LogAccount | undefined;
};

function findDifference(
  proof: ProofHistory,
  { decided: { userId, position }, attempt, account }: Found,
): string | undefined {
  const { closed } = attempt ?? {};
  if (closed?.by !== 'proof') return 'the attempt is not closed by a proof';
  if (attempt?.position !== proof.attempt.position) return 'another attempt is closed';
  if (closed.userId !== userId) return `closed for ${closed.userId}, answered ${userId}`;
  if (closed.position > position) return `answered ${position}, closed at ${closed.position}`;
  if (account === undefined) return `there is no account ${userId}`;
  const isOwn = userId === proof.attempt.id;
  if (isOwn && account.attempt !== attempt.position) return 'the account is of another attempt';
  const person = at(account.people, position);
  if (person?.view.emailVerified !== true) return `not proven at ${position}`;
  return undefined;
}

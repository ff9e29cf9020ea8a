import { at, type LogAccount } from '../log/account.ts';
import { type LogAttempt, statusAt } from '../log/attempt.ts';
import {
  canonicalJson,
  decisionsOf,
  type History,
  type LogFacts,
  type ReadHistory,
  type Violation,
} from './types.ts';

/** The content of the log about one registration. */
type Known = {
  readonly attempt: LogAttempt | undefined;
  readonly account: LogAccount | undefined;
};

/**
 * Each read is as fresh as requested and agrees with the log. Everything accepted is found in the
 * end.
 */
export function checkReads({ writes, reads }: History, log: LogFacts): Violation[] {
  const accounts = new Map(log.accounts.map((account) => [account.id, account]));
  const attempts = new Map(log.attempts.map((attempt) => [attempt.id, attempt]));
  const finals = new Set(
    reads.filter(({ isFinal }) => isFinal).map(({ path, registrationId }) => path + registrationId),
  );
  const unread = writes.flatMap((write) => {
    const registrationId = decisionsOf(write)[0]?.registrationId;
    if (registrationId === undefined) return [];
    return (['registrations', 'users'] as const).flatMap((path) =>
      finals.has(path + registrationId)
        ? []
        : [{ rule: 'readable-in-the-end', detail: `${path} was never read`, registrationId }],
    );
  });
  return [
    ...unread,
    ...reads.flatMap((read) => {
      const { key, registrationId } = read;
      const known = {
        attempt: attempts.get(registrationId),
        account: accounts.get(registrationId),
      };
      return [...findFaults(read, known)].map(([rule, detail]) => {
        return { rule, detail: `${read.path}: ${detail}`, key, registrationId };
      });
    }),
  ];
}

function* findFaults(read: ReadHistory, known: Known): Generator<[rule: string, detail: string]> {
  const { answer, minPosition, isFinal, path } = read;
  if (answer.kind === 'fault') return yield ['no-unknown-answers', answer.reason];
  if (answer.kind === 'unknown') {
    if (isFinal) yield ['readable-in-the-end', answer.reason];
    return;
  }
  const { position } = answer;
  if (minPosition !== undefined && (position === undefined || position < minPosition)) {
    yield ['none-older-than-asked', `asked for ${minPosition}, got ${position ?? 'none'}`];
  }
  // The check of accepted registrations reports what is missing from the log.
  if (known.account === undefined && known.attempt === undefined) return;
  if (position === undefined) return yield ['answers-are-log', 'not found at no position'];
  const expected = path === 'registrations' ? registrationAt(read, known) : personAt(known);
  yield* compare(answer, expected(position), position);
}

/** The expected answer for a registration at a position. */
function registrationAt({ registrationId }: ReadHistory, { attempt, account }: Known) {
  return (position: number): object | undefined => {
    const status =
      attempt === undefined
        ? position < (account?.first ?? 0)
          ? 'accepted'
          : at(account?.people ?? [], position) && 'registered'
        : statusAt(attempt, position);
    return status === undefined ? undefined : { registrationId, status };
  };
}

function personAt({ account }: Known) {
  return (position: number): object | undefined => at(account?.people ?? [], position)?.view;
}

function* compare(
  answer: Extract<ReadHistory['answer'], { readonly kind: 'found' | 'absent' }>,
  expected: object | undefined,
  position: number,
): Generator<[string, string]> {
  if (answer.kind === 'absent') {
    if (expected !== undefined) yield ['accepted-is-found', `not found at ${position}`];
    return;
  }
  const [logged, answered] = [canonicalJson(expected ?? 'nothing'), canonicalJson(answer.view)];
  if (logged !== answered)
    yield ['answers-are-log', `at ${position} the answer is ${answered} instead of ${logged}`];
}

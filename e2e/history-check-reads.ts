import {
  canonicalJson,
  type History,
  type LogFacts,
  type ReadHistory,
  type Violation,
} from './history.ts';
import { decisionsOf } from './history-check-writes.ts';
import { at, type LogAccount, readable } from './log-account.ts';

/** What readers were told is as fresh as they asked, true of the log, and there in the end. */
export function checkReads({ writes, reads }: History, log: LogFacts): Violation[] {
  const accounts = new Map(log.accounts.map((account) => [account.registrationId, account]));
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
      return [...findFaults(read, accounts.get(registrationId))].map(([rule, detail]) => {
        return { rule, detail: `${read.path}: ${detail}`, key, registrationId };
      });
    }),
  ];
}

function* findFaults(
  read: ReadHistory,
  account: LogAccount | undefined,
): Generator<[rule: string, detail: string]> {
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
  // That it is missing from the log is reported where what was accepted is looked up.
  if (account === undefined) return;
  if (path === 'registrations') yield* findRegistrationFaults(read, account);
  else yield* findUserFaults(read, account);
}

function* findRegistrationFaults(
  { answer }: ReadHistory,
  { registrationId, outcomes }: LogAccount,
): Generator<[string, string]> {
  if (answer.kind === 'absent') {
    yield ['accepted-is-found', `not found at ${answer.position ?? 'no position'}`];
  }
  if (answer.kind !== 'found') return;
  const outcome = at(outcomes, answer.position);
  const expected =
    outcome === undefined
      ? { registrationId, status: 'accepted' }
      : { registrationId, status: 'processed', outcome };
  if (canonicalJson(answer.view) === canonicalJson(expected)) return;
  yield ['answers-are-log', `at ${answer.position} it says ${canonicalJson(answer.view)}`];
}

function* findUserFaults(
  { answer }: ReadHistory,
  { people }: LogAccount,
): Generator<[string, string]> {
  if (answer.kind === 'absent') {
    const { position } = answer;
    if (position === undefined) return yield ['answers-are-log', 'not found at no position'];
    const missed = readable(at(people, position));
    if (missed !== undefined) yield ['accepted-is-found', `not found at ${position}`];
  }
  if (answer.kind !== 'found') return;
  const expected = canonicalJson(readable(at(people, answer.position)) ?? 'nobody');
  const actual = canonicalJson(answer.view);
  if (actual === expected) return;
  yield ['answers-are-log', `at ${answer.position} it says ${actual} instead of ${expected}`];
}

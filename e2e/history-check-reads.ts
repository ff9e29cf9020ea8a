import {
  canonicalJson,
  type History,
  type LogEvent,
  type LogFacts,
  type ReadHistory,
  type Violation,
} from './history.ts';
import { decisionsOf } from './history-check-writes.ts';

/** What readers were told is as fresh as they asked, true of the log, and there in the end. */
export function checkReads({ writes, reads }: History, log: LogFacts): Violation[] {
  const events = new Map(log.events.map((event) => [event.registrationId, event]));
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
      return [...findFaults(read, events.get(registrationId))].map(([rule, detail]) => {
        return { rule, detail: `${read.path}: ${detail}`, key, registrationId };
      });
    }),
  ];
}

function* findFaults(
  read: ReadHistory,
  event: LogEvent | undefined,
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
  if (event === undefined) return;
  if (path === 'registrations') yield* findRegistrationFaults(read, event);
  else yield* findUserFaults(read, event);
}

function* findRegistrationFaults(
  { answer }: ReadHistory,
  event: LogEvent,
): Generator<[string, string]> {
  if (answer.kind === 'absent') {
    yield ['accepted-is-found', `not found at ${answer.position ?? 'no position'}`];
  }
  if (answer.kind !== 'found') return;
  const { registrationId, position } = event;
  const processed = {
    registrationId,
    status: 'processed',
    outcome:
      event.outcome === 'registered'
        ? { result: 'registered', userId: registrationId }
        : { result: 'refused', reason: 'address-taken' },
  };
  const isEarly = answer.position < position;
  const expected = isEarly ? { registrationId, status: 'accepted' } : processed;
  if (canonicalJson(answer.view) === canonicalJson(expected)) return;
  yield ['answers-are-log', `at ${answer.position} it says ${canonicalJson(answer.view)}`];
}

function* findUserFaults({ answer }: ReadHistory, event: LogEvent): Generator<[string, string]> {
  if (answer.kind === 'absent') {
    const isCovered = answer.position !== undefined && answer.position >= event.position;
    if (event.outcome === 'registered' && isCovered) {
      yield ['accepted-is-found', `not found at ${answer.position}, is at ${event.position}`];
    }
    if (answer.position === undefined) yield ['answers-are-log', 'not found at no position'];
  }
  if (answer.kind !== 'found') return;
  const expected = event.outcome === 'registered' ? canonicalJson(event.view) : 'nobody';
  const actual = canonicalJson(answer.view);
  if (actual !== expected) yield ['answers-are-log', `it says ${actual} instead of ${expected}`];
  if (answer.position < event.position) {
    yield ['answers-are-log', `it shows ${event.position} and says it covers ${answer.position}`];
  }
}

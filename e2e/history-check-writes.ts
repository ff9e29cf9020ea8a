import type {
  Attempt,
  LogEvent,
  LogFacts,
  Violation,
  Wish,
  WriteAnswer,
  WriteHistory,
} from './history.ts';

type Decided = Extract<WriteAnswer, { kind: 'decided' }>;

/** What callers of POST were told is in the log, once, in the order they saw it happen. */
export function checkWrites(writes: readonly WriteHistory[], log: LogFacts): Violation[] {
  const byPosition = new Map(log.events.map((event) => [event.position, event]));
  const holders = new Map(
    log.events.flatMap((event) => {
      return event.outcome === 'registered' ? [[event.view.email, event] as const] : [];
    }),
  );
  return [
    ...writes.flatMap((write) => [
      ...checkFaults(write),
      ...checkOneAnswer(write),
      ...checkLogged(write, byPosition),
      ...checkHolder(write, byPosition, holders),
    ]),
    ...checkOneAccountAKey(writes),
    ...checkRealTime(writes),
  ];
}

/** The answers of a wish that were decisions. */
export function decisionsOf({ attempts }: WriteHistory): Decided[] {
  return attempts.flatMap(({ answer }) => (answer.kind === 'decided' ? [answer] : []));
}

function checkFaults({ wish, attempts }: WriteHistory): Violation[] {
  return attempts.flatMap(({ answer }) =>
    answer.kind === 'fault'
      ? [{ rule: 'no-unknown-answers', detail: answer.reason, key: wish.key }]
      : [],
  );
}

function checkOneAnswer(write: WriteHistory): Violation[] {
  const [first, ...others] = decisionsOf(write);
  if (first === undefined) return [];
  return others.flatMap((other) => {
    const isSame =
      other.status === first.status &&
      other.registrationId === first.registrationId &&
      other.position === first.position;
    if (isSame) return [];
    const detail = `first ${toText(first)}, then ${toText(other)}`;
    return [{ rule: 'one-answer-a-key', detail, key: write.wish.key }];
  });
}

function checkLogged(write: WriteHistory, byPosition: ReadonlyMap<number, LogEvent>): Violation[] {
  const { wish } = write;
  return decisionsOf(write).flatMap((decided) => {
    const event = byPosition.get(decided.position);
    const fault = event === undefined ? 'is not in the log' : findDifference(wish, decided, event);
    if (fault === undefined) return [];
    return [{ rule: 'accepted-is-logged', detail: `${toText(decided)} ${fault}`, key: wish.key }];
  });
}

function findDifference(wish: Wish, decided: Decided, event: LogEvent): string | undefined {
  const { registrationId = event.registrationId, outcome = event.outcome } = decided;
  if (event.registrationId !== registrationId) return `is ${event.registrationId} in the log`;
  if (event.outcome !== outcome) return `is ${event.outcome} in the log`;
  if (event.outcome === 'refused') return undefined;
  const { email, displayName, locale, termsVersion } = event.view;
  const isSame =
    email === wish.email &&
    displayName === wish.displayName &&
    locale === wish.locale &&
    termsVersion === wish.termsVersion;
  return isSame ? undefined : 'has other content in the log';
}

/** A refusal is true only when somebody held the address before. */
function checkHolder(
  write: WriteHistory,
  byPosition: ReadonlyMap<number, LogEvent>,
  holders: ReadonlyMap<string, LogEvent>,
): Violation[] {
  const decided = decisionsOf(write)[0];
  const event = decided === undefined ? undefined : byPosition.get(decided.position);
  if (event?.outcome !== 'refused') return [];
  const holder = holders.get(write.wish.email);
  if (holder !== undefined && holder.position < event.position) return [];
  const detail = `refused at ${event.position}, holder ${holder?.position ?? 'none'}`;
  return [{ rule: 'refused-is-taken', detail, key: write.wish.key }];
}

/** Two wishes never share a registration. */
function checkOneAccountAKey(writes: readonly WriteHistory[]): Violation[] {
  const owners = new Map<number, string>();
  return writes.flatMap((write) => {
    const { key } = write.wish;
    const position = decisionsOf(write)[0]?.position;
    if (position === undefined) return [];
    const other = owners.get(position);
    owners.set(position, key);
    if (other === undefined || other === key) return [];
    return [{ rule: 'one-registration-a-key', detail: `the same event as ${other}`, key }];
  });
}

/** What began after an answer was given lies behind it in the log. */
function checkRealTime(writes: readonly WriteHistory[]): Violation[] {
  const ends = writes
    .flatMap(({ attempts }) => attempts)
    .flatMap(({ endedMs, answer }) => {
      return answer.kind === 'decided' ? [{ atMs: endedMs, position: answer.position }] : [];
    })
    .toSorted((a, b) => a.atMs - b.atMs);
  const starts = writes
    .flatMap((write) => {
      const position = decisionsOf(write)[0]?.position;
      const atMs = firstStart(write.attempts);
      return position === undefined ? [] : [{ atMs, position, key: write.wish.key }];
    })
    .toSorted((a, b) => a.atMs - b.atMs);
  let next = 0;
  let highest = 0;
  return starts.flatMap(({ atMs, position, key }) => {
    for (; next < ends.length; next += 1) {
      const end = ends[next];
      if (end === undefined || end.atMs >= atMs) break;
      highest = Math.max(highest, end.position);
    }
    if (position > highest) return [];
    const detail = `began after ${highest} was answered and is at ${position}`;
    return [{ rule: 'positions-follow-time', detail, key }];
  });
}

function firstStart(attempts: readonly Attempt[]): number {
  return Math.min(...attempts.map(({ startedMs }) => startedMs));
}

function toText({ status, registrationId, position }: Decided): string {
  return `${status} ${registrationId ?? ''} at ${position}`;
}

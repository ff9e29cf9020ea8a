import type { Attempt, LogFacts, Violation, Wish, WriteAnswer, WriteHistory } from './history.ts';
import { at, type LogAccount, readable } from './log-account.ts';

type Decided = Extract<WriteAnswer, { kind: 'decided' }>;

/** What callers of POST were told is in the log, once, in the order they saw it happen. */
export function checkWrites(writes: readonly WriteHistory[], log: LogFacts): Violation[] {
  const byPosition = new Map(log.accounts.map((account) => [account.first, account]));
  const byEmail = new Map<string, Set<LogAccount>>();
  for (const account of log.accounts) {
    for (const { value } of account.people) {
      if (value === undefined) continue;
      const { email } = value.view;
      byEmail.set(email, (byEmail.get(email) ?? new Set()).add(account));
    }
  }
  return [
    ...writes.flatMap((write) => [
      ...checkFaults(write),
      ...checkOneAnswer(write),
      ...checkLogged(write, byPosition),
      ...checkHolder(write, byPosition, [...(byEmail.get(write.wish.email) ?? [])]),
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

function checkLogged(
  write: WriteHistory,
  byPosition: ReadonlyMap<number, LogAccount>,
): Violation[] {
  const { wish } = write;
  return decisionsOf(write).flatMap((decided) => {
    const account = byPosition.get(decided.position);
    const fault =
      account === undefined ? 'is not in the log' : findDifference(wish, decided, account);
    if (fault === undefined) return [];
    return [{ rule: 'accepted-is-logged', detail: `${toText(decided)} ${fault}`, key: wish.key }];
  });
}

function findDifference(wish: Wish, decided: Decided, account: LogAccount): string | undefined {
  const { registrationId = account.registrationId } = decided;
  if (account.registrationId !== registrationId) return `is ${account.registrationId} in the log`;
  const result = account.outcomes[0]?.value.result;
  const { outcome = result } = decided;
  if (result !== outcome) return `is ${result} in the log`;
  const person = at(account.people, account.first);
  if (person === undefined) return undefined;
  const { email, displayName, locale, termsVersion } = person.view;
  const isSame =
    email === wish.email &&
    displayName === wish.displayName &&
    locale === wish.locale &&
    termsVersion === wish.termsVersion;
  return isSame ? undefined : 'has other content in the log';
}

/** An attempt waits only while somebody holds the address, and is refused only when it is proven. */
function checkHolder(
  write: WriteHistory,
  byPosition: ReadonlyMap<number, LogAccount>,
  accounts: readonly LogAccount[],
): Violation[] {
  const { wish } = write;
  const position = decisionsOf(write)[0]?.position;
  const account = position === undefined ? undefined : byPosition.get(position);
  const result = account?.outcomes[0]?.value.result;
  if (account === undefined || (result !== 'refused' && result !== 'pending')) return [];
  const holder = accounts
    .filter(({ first }) => first < account.first)
    .map(({ people }) => readable(at(people, account.first - 1)))
    .find((view) => view?.email === wish.email);
  if (holder !== undefined && holder.emailVerified === (result === 'refused')) return [];
  const detail = `${result} at ${account.first}, held by ${holder?.userId ?? 'nobody'}`;
  return [{ rule: `${result}-is-taken`, detail, key: wish.key }];
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

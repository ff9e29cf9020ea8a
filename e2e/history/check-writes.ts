import type { LogAccount } from '../log/account.ts';
import type { LogAttempt } from '../log/attempt.ts';
import {
  decisionsOf,
  type LogFacts,
  type Violation,
  type Wish,
  type WriteAnswer,
  type WriteHistory,
} from './types.ts';

type Decided = Extract<WriteAnswer, { kind: 'decided' }>;
type Known = {
  readonly accounts: ReadonlyMap<string, LogAccount>;
  readonly attempts: ReadonlyMap<string, LogAttempt>;
};

/** Answers to POST are in the log once, in the order in which callers saw them. */
export function checkWrites(writes: readonly WriteHistory[], log: LogFacts): Violation[] {
  const known: Known = {
    accounts: new Map(log.accounts.map((account) => [account.id, account])),
    attempts: new Map(log.attempts.map((attempt) => [attempt.id, attempt])),
  };
  const byEmail = groupByEmail(log.accounts);
  return [
    ...writes.flatMap((write) => [
      ...checkFaults(write),
      ...checkOneAnswer(write),
      ...checkLogged(write, known),
      ...checkRefusals(write, byEmail.get(write.wish.email) ?? new Set()),
    ]),
    ...checkOneRegistrationAKey(writes),
    ...checkRealTime(writes),
  ];
}

/** Accounts by every address that they ever had. */
export function groupByEmail(
  accounts: readonly LogAccount[],
): ReadonlyMap<string, ReadonlySet<LogAccount>> {
  const byEmail = new Map<string, Set<LogAccount>>();
  for (const account of accounts) {
    for (const { value } of account.people) {
      if (value === undefined) continue;
      const { email } = value.view;
      byEmail.set(email, (byEmail.get(email) ?? new Set()).add(account));
    }
  }
  return byEmail;
}

function checkFaults({ wish, sent }: WriteHistory): Violation[] {
  return sent.flatMap(({ answer }) =>
    answer.kind === 'fault'
      ? [{ rule: 'no-unknown-answers', detail: answer.reason, key: wish.key }]
      : [],
  );
}

/** One key has one answer. A registered wish is never refused later. */
function checkOneAnswer(write: WriteHistory): Violation[] {
  const { wish, sent } = write;
  const [first, ...others] = decisionsOf(write);
  if (first === undefined || !wish.isKeyed) return [];
  const toldAt = sent.find(({ answer }) => answer === first)?.endedMs ?? 0;
  const refusals = sent.filter(
    ({ answer, startedMs }) => answer.kind === 'refused' && startedMs > toldAt,
  );
  const rule = 'one-answer-a-key';
  return [
    ...others.flatMap((other) => {
      if (toText(other) === toText(first)) return [];
      const detail = `first ${toText(first)}, then ${toText(other)}`;
      return [{ rule, detail, key: wish.key }];
    }),
    ...refusals.map(() => ({ rule, detail: `${toText(first)}, then refused`, key: wish.key })),
  ];
}

function checkLogged(write: WriteHistory, known: Known): Violation[] {
  const { wish } = write;
  return decisionsOf(write).flatMap((decided) => {
    const expected = wish.caller === 'service' ? 201 : 202;
    const fault =
      decided.status !== expected
        ? `instead of ${expected}`
        : wish.caller === 'service'
          ? findAccountFault(wish, decided, known)
          : findAttemptFault(wish, decided, known);
    if (fault === undefined) return [];
    return [{ rule: 'accepted-is-logged', detail: `${toText(decided)} ${fault}`, key: wish.key }];
  });
}

function findAccountFault(
  wish: Wish,
  { registrationId, position }: Decided,
  { accounts }: Known,
): string | undefined {
  const account = accounts.get(registrationId);
  if (account === undefined) return 'is not in the log';
  if (account.first !== position) return `is at ${account.first} in the log`;
  if (account.attempt !== undefined) return 'came of an attempt in the log';
  return findOtherContent(wish, account);
}

/** A proven attempt leaves only the account, which has its data. */
function findAttemptFault(
  wish: Wish,
  { registrationId, position }: Decided,
  { attempts, accounts }: Known,
): string | undefined {
  const attempt = attempts.get(registrationId);
  if (attempt === undefined) return 'is not in the log';
  if (attempt.position !== position) return `is at ${attempt.position} in the log`;
  const { data, closed } = attempt;
  if (data !== undefined) return isSame(wish, data) ? undefined : 'has other content in the log';
  if (closed?.userId !== registrationId) return undefined;
  const account = accounts.get(registrationId);
  if (account?.attempt !== position) return 'has no account of its own';
  return findOtherContent(wish, account);
}

function findOtherContent(wish: Wish, { people: [born] }: LogAccount): string | undefined {
  // The data that an erased person was registered with is unknown.
  if (born?.value === undefined) return undefined;
  return isSame(wish, born.value.view) ? undefined : 'has other content in the log';
}

type Content = Pick<Wish, 'email' | 'displayName' | 'locale' | 'termsVersion'>;

function isSame(wish: Content, { email, displayName, locale, termsVersion }: Content): boolean {
  return (
    email === wish.email &&
    displayName === wish.displayName &&
    locale === wish.locale &&
    termsVersion === wish.termsVersion
  );
}

/** No address is refused unless another account has held it. */
function checkRefusals(write: WriteHistory, holders: ReadonlySet<LogAccount>): Violation[] {
  const { wish, sent } = write;
  const own = new Set(decisionsOf(write).map(({ registrationId }) => registrationId));
  const isHeld = [...holders].some(({ id }) => !own.has(id));
  return sent.flatMap(({ answer }) =>
    answer.kind !== 'refused' || (isHeld && wish.caller === 'service')
      ? []
      : [
          {
            rule: 'refused-is-taken',
            detail: `${answer.code}, no account holds it`,
            key: wish.key,
          },
        ],
  );
}

/** Two wishes never share a registration. */
function checkOneRegistrationAKey(writes: readonly WriteHistory[]): Violation[] {
  const owners = new Map<number, string>();
  return writes.flatMap((write) => {
    const { key } = write.wish;
    const position = decisionsOf(write)[0]?.position;
    if (position === undefined) return [];
    const other = owners.get(position);
    owners.set(position, key);
    if (other === undefined || other === key) return [];
    return [{ rule: 'one-registration-a-key', detail: `the same record as ${other}`, key }];
  });
}

/** A request that began after an answer lies after that answer in the log. */
function checkRealTime(writes: readonly WriteHistory[]): Violation[] {
  const ends = writes
    .flatMap(({ sent }) => sent)
    .flatMap(({ endedMs, answer }) => {
      return answer.kind === 'decided' ? [{ atMs: endedMs, position: answer.position }] : [];
    })
    .toSorted((a, b) => a.atMs - b.atMs);
  const starts = writes
    .flatMap((write) => {
      const position = decisionsOf(write)[0]?.position;
      const atMs = Math.min(...write.sent.map(({ startedMs }) => startedMs));
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

function toText({ status, registrationId, position }: Decided): string {
  return `${status} ${registrationId} at ${position}`;
}

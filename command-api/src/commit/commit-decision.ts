import { subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  type ClaimLayout,
  createBackoff,
  delay,
  type EventLog,
  type LogRecord,
} from '@zameni/runtime';
import type { LoadAccount } from '../log/account-reader.ts';
import type { LoadAttempt } from '../log/attempt-reader.ts';
import type { ClaimLayouts } from './claim-layouts.ts';
import type { Committer } from './committer.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import {
  type Attempted,
  type Committed,
  type Plan,
  type Seen,
  toIntent,
} from './decision-intent.ts';
import type { InTurn } from './turns.ts';

/** What committing decisions needs. */
export type CommitDeps = {
  readonly log: EventLog;
  readonly committer: Committer;
  readonly loadAccount: LoadAccount;
  readonly loadAttempt: LoadAttempt;
  readonly inTurn: InTurn;
  readonly claimLayouts: ClaimLayouts;
};

/** Milliseconds in which tries begin; the last one ends with the committer's own deadline. */
const DEADLINE_MS = 8_000;
const RETRY_BACKOFF = { baseMs: 10, maxMs: 200 };

/**
 * Loads, decides and commits until an outcome stands. What was loaded may be old: a decision that
 * appends is guarded on exactly what it was decided from, and one that appends nothing is checked
 * against the log's leader before it is believed. After a conflict everything is loaded and decided
 * again until the deadline. Commands on one person take turns, so that rivals are those of other
 * processes only, and few. Throws the refusal as AppError.
 */
export async function commitDecision(deps: CommitDeps, plan: Plan): Promise<Committed> {
  const deadline = createDeadline(DEADLINE_MS);
  const [first] = plan.accounts;
  if (first === undefined) return decideUntilItStands(deps, plan, deadline);
  return deps.inTurn(first, deadline.signal(), () => decideUntilItStands(deps, plan, deadline));
}

async function decideUntilItStands(
  deps: CommitDeps,
  plan: Plan,
  deadline: Deadline,
): Promise<Committed> {
  const backoff = createBackoff(RETRY_BACKOFF);
  let readsClaims = plan.readsClaims;
  let accounts = plan.accounts;
  while (!deadline.isOver()) {
    const attempted = await deps.claimLayouts.use((layout) =>
      tryOnce(deps, { ...plan, accounts, readsClaims }, layout, deadline),
    );
    switch (attempted.outcome) {
      case 'commit':
      case 'unchanged':
        return attempted;
      case 'refused': {
        const { code, errors } = attempted;
        throw new AppError(code, errors === undefined ? {} : { errors });
      }
      case 'look':
        // Of the accounts in between one may have lost the claim since, so they are looked at afresh.
        accounts = [...plan.accounts, attempted.account];
        continue;
      case 'stale':
        readsClaims = true;
        await delay(backoff.nextMs(), deadline.signal()).catch(() => undefined);
        continue;
      default:
        return attempted satisfies never;
    }
  }
  throw new AppError('log-unavailable', {
    cause: new Error('rivals were faster at every attempt'),
    retryAfterSeconds: 1,
  });
}

async function tryOnce(
  deps: CommitDeps,
  plan: Plan,
  layout: ClaimLayout,
  deadline: Deadline,
): Promise<Attempted> {
  const { log, loadAccount, loadAttempt } = deps;
  const signal = deadline.signal();
  const now = plan.cause.time;
  const [accounts, attempts] = await Promise.all([
    loadAll(plan.accounts, (id) => loadAccount(id, id === plan.withPerson, signal)),
    loadAll(plan.attempts ?? [], (id) => loadAttempt(id, now, signal)),
  ]);
  const claims = new Map(plan.claimsOf(accounts).map((claim) => [claim, layout.placeOf(claim)]));
  const claimSubjects = [...claims.values()].flatMap(({ reads }) => reads);
  const presumed = new Map<string, LogRecord>();
  const presume = (last: LogRecord | undefined) => last && presumed.set(last.subject, last);
  for (const { last } of [...accounts.values(), ...attempts.values()]) presume(last);
  if (plan.readsClaims) {
    const { newPerson } = plan;
    const isPresumedNew = newPerson !== undefined && !accounts.has(newPerson.userId);
    const newSubject = isPresumedNew ? [subjects.account(newPerson.userId)] : [];
    const all = [...claimSubjects, ...newSubject];
    for (const record of await readAllFromLeader(log, all, signal)) presume(record);
  }
  const attempted = await deps.committer.submit(
    toIntent(plan, { accounts, attempts, claims, presumed }),
  );
  if (attempted.outcome !== 'unchanged' && attempted.outcome !== 'refused') return attempted;
  // Nothing was appended, so no guard has checked what it was decided from.
  return (await isStillSo(log, attempted.seen, signal)) ? attempted : { outcome: 'stale' };
}

async function loadAll<Item>(
  ids: readonly UserId[],
  load: (id: UserId) => Promise<Item>,
): Promise<ReadonlyMap<UserId, Item>> {
  const entries = ids.map(async (id) => [id, await load(id)] as const);
  return new Map(await Promise.all(entries));
}

/** Whether the leader has exactly what a decision was made from. */
async function isStillSo(log: EventLog, seen: Seen, signal: AbortSignal): Promise<boolean> {
  const all = [...seen];
  const records = await readAllFromLeader(
    log,
    all.map(([subject]) => subject),
    signal,
  );
  return records.every((record, n) => (record?.position ?? 0) === all[n]?.[1]);
}

/**
 * From the leader: a claim that a decision only looks at has no guard, and a replica that lags could
 * hide a person's claim.
 */
async function readAllFromLeader(
  log: EventLog,
  all: readonly string[],
  signal: AbortSignal,
): Promise<readonly (LogRecord | undefined)[]> {
  try {
    return await Promise.all(all.map((subject) => log.readLastFromLeader(subject, signal)));
  } catch (cause) {
    throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
  }
}

import { subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  type ClaimLayout,
  createBackoff,
  DEADLINES,
  type DataKeys,
  delay,
  type EventLog,
  type LogRecord,
} from '@zameni/runtime';
import type { LoadAccount } from '../log/account-reader.ts';
import type { LoadAttempt } from '../log/attempt-reader.ts';
import type { ClaimLayouts } from './claim-layouts.ts';
import type { Committer } from './committer.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { type Committed, type Plan, type Seen, toIntent, type Tried } from './decision-intent.ts';
import { toNewPerson } from './event-messages.ts';
import type { InTurn } from './turns.ts';

/** What committing decisions needs. */
export type CommitDeps = {
  readonly log: EventLog;
  readonly committer: Committer;
  readonly loadAccount: LoadAccount;
  readonly loadAttempt: LoadAttempt;
  readonly dataKeys: DataKeys;
  readonly inTurn: InTurn;
  readonly claimLayouts: ClaimLayouts;
};

const RETRY_BACKOFF = { baseMs: 10, maxMs: 200 };

/**
 * Loads, decides and commits until an outcome is certain. What was loaded may be old. A decision
 * that appends is guarded on exactly what it was decided from; one that appends nothing is checked
 * against the log's leader. After a conflict everything is loaded and decided again until the
 * deadline. Commands on one person take turns, so that only other processes are rivals, and those
 * are few.
 *
 * Throws an AppError: the code of the refusal, `log-unavailable` when no outcome is certain by the
 * deadline, `overloaded` when too many commands wait.
 */
export async function commitDecision(deps: CommitDeps, plan: Plan): Promise<Committed> {
  const deadline = createDeadline(DEADLINES.commitTries);
  const [first] = plan.accounts;
  if (first === undefined) return decideUntilCertain(deps, plan, deadline);
  return deps.inTurn(first, deadline.signal(), () => decideUntilCertain(deps, plan, deadline));
}

async function decideUntilCertain(
  deps: CommitDeps,
  plan: Plan,
  deadline: Deadline,
): Promise<Committed> {
  const backoff = createBackoff(RETRY_BACKOFF);
  let readsClaims = plan.readsClaims;
  let accounts = plan.accounts;
  while (!deadline.isOver()) {
    const tried = await deps.claimLayouts.use((layout) =>
      tryOnce(deps, { ...plan, accounts, readsClaims }, layout, deadline),
    );
    switch (tried.outcome) {
      case 'commit':
      case 'unchanged':
        return tried;
      case 'refused': {
        const { code, errors } = tried;
        throw new AppError(code, errors === undefined ? {} : { errors });
      }
      case 'look':
        // An account of an earlier try may have lost the claim since, so only the newest is added.
        accounts = [...plan.accounts, tried.account];
        continue;
      case 'stale':
        readsClaims = true;
        await delay(backoff.nextMs(), deadline.signal()).catch(() => undefined);
        continue;
      default:
        return tried satisfies never;
    }
  }
  throw new AppError('log-unavailable', {
    cause: new Error('rivals were faster at every try'),
    retryAfterSeconds: 1,
  });
}

async function tryOnce(
  deps: CommitDeps,
  plan: Plan,
  layout: ClaimLayout,
  deadline: Deadline,
): Promise<Tried> {
  const { log, loadAccount, loadAttempt, dataKeys } = deps;
  const signal = deadline.signal();
  const now = plan.cause.time;
  const [accounts, attempts] = await Promise.all([
    loadAll(plan.accounts, (id) => loadAccount(id, id === plan.withPerson, signal)),
    loadAll(plan.attempts ?? [], (id) => loadAttempt(id, now, signal)),
  ]);
  const claims = new Map(plan.claimsOf(accounts).map((claim) => [claim, layout.placeOf(claim)]));
  const unloaded = [...claims.values()].flatMap(({ reads }) => reads);
  const newPerson =
    plan.newPerson === undefined ? undefined : toNewPerson(dataKeys, plan.newPerson);
  if (newPerson !== undefined && !accounts.has(newPerson.userId)) {
    unloaded.push(subjects.account(newPerson.userId));
  }
  const known = new Map<string, LogRecord>();
  const read = plan.readsClaims ? await readAllFromLeader(log, unloaded, signal) : [];
  const loaded = [...accounts.values(), ...attempts.values()].map(({ last }) => last);
  for (const record of [...loaded, ...read]) {
    if (record !== undefined) known.set(record.subject, record);
  }
  const tried = await deps.committer.submit(
    toIntent(plan, { accounts, attempts, claims, newPerson, unloaded, known }),
  );
  if (tried.outcome !== 'unchanged' && tried.outcome !== 'refused') return tried;
  // Nothing was appended, so no guard has checked what it was decided from.
  return (await isUnchanged(log, tried.seen, signal)) ? tried : { outcome: 'stale' };
}

async function loadAll<Item>(
  ids: readonly UserId[],
  load: (id: UserId) => Promise<Item>,
): Promise<ReadonlyMap<UserId, Item>> {
  const entries = ids.map(async (id) => [id, await load(id)] as const);
  return new Map(await Promise.all(entries));
}

/** Whether the leader has exactly what a decision was made from. */
async function isUnchanged(log: EventLog, seen: Seen, signal: AbortSignal): Promise<boolean> {
  const records = await readAllFromLeader(log, [...seen.keys()], signal);
  const positions = [...seen.values()];
  return records.every((record, n) => (record?.position ?? 0) === positions[n]);
}

/**
 * Reads the leader, because a decision does not guard every claim that it looks at. A stale replica
 * could hide a person's claim: the account would be erased and the claim kept.
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

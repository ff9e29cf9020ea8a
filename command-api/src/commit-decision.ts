import { subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  type ClaimLayout,
  type ClaimLayouts,
  type Committer,
  createBackoff,
  createDeadline,
  type Deadline,
  delay,
  type EventLog,
  type LogRecord,
} from '@zameni/runtime';
import { absentAccount } from './account.ts';
import type { LoadAccount, LoadedAccount } from './account-log.ts';
import { type Attempted, type Committed, type Plan, toIntent } from './decision-intent.ts';
import type { InTurn } from './turns.ts';

/** What committing decisions needs. */
export type CommitDeps = {
  readonly log: EventLog;
  readonly committer: Committer;
  readonly loadAccount: LoadAccount;
  readonly inTurn: InTurn;
  readonly claimLayouts: ClaimLayouts;
  /** Milliseconds after which a claim that nobody has proven may be taken. */
  readonly claimLifetimeMs: number;
};

/** Milliseconds in which attempts begin; the last one ends with the committer's own deadline. */
const DEADLINE_MS = 8_000;
const RETRY_BACKOFF = { baseMs: 10, maxMs: 200 };

/**
 * Loads, decides and commits until an outcome stands. What was loaded may be old: a decision that
 * appends is guarded on exactly what it was decided from, and one that appends nothing is checked
 * against the log's leader before it is believed. After a conflict everything is loaded and decided
 * anew until the deadline. Commands on one person take turns, so that rivals are those of other
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
  let accounts = plan.accounts;
  while (!deadline.isOver()) {
    const attempted = await deps.claimLayouts.use((layout) =>
      attemptOnce(deps, { ...plan, accounts }, layout, deadline),
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
        accounts = [...new Set([...accounts, ...attempted.accounts])];
        continue;
      case 'stale':
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

async function attemptOnce(
  deps: CommitDeps,
  plan: Plan,
  layout: ClaimLayout,
  deadline: Deadline,
): Promise<Attempted> {
  const loaded = new Map(
    await Promise.all(
      plan.accounts.map(
        async (userId) =>
          [
            userId,
            userId === plan.decoy
              ? await loadDecoy(deps.log, userId, deadline.signal())
              : await deps.loadAccount(userId, userId === plan.withPerson, deadline.signal()),
          ] as const,
      ),
    ),
  );
  const claims = new Map(plan.claimsOf(loaded).map((claim) => [claim, layout.placeOf(claim)]));
  const claimSubjects = [...claims.values()].flatMap(({ reads }) => reads);
  const presumed = new Map<string, LogRecord>();
  for (const { last } of loaded.values()) if (last !== undefined) presumed.set(last.subject, last);
  if (plan.readsClaims && claimSubjects.length > 0) {
    const records = await readClaims(deps.log, claimSubjects, plan, deadline.signal());
    for (const record of records) presumed.set(record.subject, record);
  }
  const attempted = await deps.committer.submit(
    toIntent(plan, { accounts: loaded, claims, presumed, claimLifetimeMs: deps.claimLifetimeMs }),
  );
  if (attempted.outcome !== 'unchanged' && attempted.outcome !== 'refused') return attempted;
  // Of a registration it says that the account has events, and events never go away.
  if (plan.newPerson !== undefined) return attempted;
  // Nothing was appended, so no guard has checked what it was decided from.
  const isCurrent = await isStillLast(
    deps.log,
    [...[...loaded.keys()].map(subjects.account), ...claimSubjects],
    presumed,
    deadline.signal(),
  );
  return isCurrent ? attempted : { outcome: 'stale' };
}

/**
 * Reads what nobody has as an account that somebody has is read: once, from any replica. The leader,
 * whom an empty account is asked of, would take a moment that tells a stranger what there is.
 */
async function loadDecoy(
  log: EventLog,
  decoy: UserId,
  signal: AbortSignal,
): Promise<LoadedAccount> {
  await orUnavailable(log.readSubject(subjects.account(decoy), signal));
  return { state: absentAccount, last: undefined, isFull: false, person: undefined };
}

/**
 * Claims as the leader has them: one that the decision does not write is guarded by nothing, and a
 * replica that lags behind the account would have her erased without what she holds. On a wish for a mail
 * nothing rests, and it must take as long whatever is there: any replica tells.
 */
async function readClaims(
  log: EventLog,
  claims: readonly string[],
  { decoy }: Plan,
  signal: AbortSignal,
): Promise<readonly LogRecord[]> {
  if (decoy !== undefined) return [...(await orUnavailable(log.readLast(claims, signal))).values()];
  const records = await readAllFromLeader(log, claims, signal);
  return records.filter((record) => record !== undefined);
}

/** Whether the leader has nothing newer than what was presumed. */
async function isStillLast(
  log: EventLog,
  all: readonly string[],
  presumed: ReadonlyMap<string, LogRecord>,
  signal: AbortSignal,
): Promise<boolean> {
  const records = await readAllFromLeader(log, all, signal);
  return records.every((record, n) => record?.position === presumed.get(all[n] ?? '')?.position);
}

function readAllFromLeader(
  log: EventLog,
  all: readonly string[],
  signal: AbortSignal,
): Promise<readonly (LogRecord | undefined)[]> {
  return orUnavailable(Promise.all(all.map((subject) => log.readLastFromLeader(subject, signal))));
}

/** A reading of the log whose failure is told to the caller as one that may be tried again. */
async function orUnavailable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
  }
}

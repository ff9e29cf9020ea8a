import { AppError, type ClaimLayout, createBackoff, delay, Fault } from '@zameni/runtime';
import type { Committer } from './committer.ts';
import type { Deadline } from './deadline.ts';
import { type Committed, type Plan, toIntent, type Tried } from './decision-intent.ts';
import type { FarewellKeys } from './event-messages.ts';
import { isUnchanged, type LoadDeps, loadPlan, type Source } from './load-plan.ts';
import type { InTurn } from './turns.ts';

/** What committing decisions needs. */
export type CommitDeps = LoadDeps & {
  readonly committer: Committer;
  readonly inTurn: InTurn;
  readonly attemptKeys: FarewellKeys;
};

const RETRY_BACKOFF = { baseMs: 10, maxMs: 200 };

/**
 * Loads, decides and commits until an outcome is certain. What was loaded may be old. A decision
 * that appends is guarded on exactly what it was decided from; one that appends nothing is checked
 * against the log's leader. After a conflict everything is loaded and decided again until the
 * deadline, from the leader: of several accounts one would be old again and again while a server
 * lags. Commands on one person take turns, so that only other processes are rivals, and those are
 * few.
 *
 * Throws an AppError: the code of the refusal, `log-unavailable` when no outcome is certain by the
 * deadline, `overloaded` when too many commands wait. An append that has begun goes on after the
 * deadline, and holds the turn and the layout of claims, until its outcome is known.
 */
export async function commitDecision(
  deps: CommitDeps,
  plan: Plan,
  deadline: Deadline,
): Promise<Committed> {
  const [first] = plan.accounts;
  const work = () => decideUntilCertain(deps, plan, deadline);
  return deadline.answer(
    first === undefined ? work() : deps.inTurn(first, deadline.signal(), work),
  );
}

async function decideUntilCertain(
  deps: CommitDeps,
  plan: Plan,
  deadline: Deadline,
): Promise<Committed> {
  const backoff = createBackoff(RETRY_BACKOFF);
  const rest = () => delay(backoff.nextMs(), deadline.signal()).catch(() => undefined);
  let { readsClaims } = plan;
  let isFromLeader = false;
  let accounts = plan.accounts;
  while (!deadline.isOver()) {
    const tried = await deps.claimLayouts.use((layout) =>
      tryOnce(deps, { ...plan, accounts, readsClaims, isFromLeader }, layout, deadline),
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
        // The first one is no sign of a rival.
        if (accounts !== plan.accounts) await rest();
        // An account of an earlier try may have lost the claim since, so only the newest is added.
        accounts = [...plan.accounts, tried.account];
        continue;
      case 'stale':
        readsClaims = true;
        isFromLeader = true;
        await rest();
        continue;
      default:
        return tried satisfies never;
    }
  }
  throw new AppError('log-unavailable', {
    cause: new Fault('rivals were faster at every try'),
    retryAfterSeconds: 1,
  });
}

async function tryOnce(
  deps: CommitDeps,
  plan: Plan & Source,
  layout: ClaimLayout,
  deadline: Deadline,
): Promise<Tried> {
  const { log, committer, attemptKeys } = deps;
  const signal = deadline.signal();
  const loaded = await loadPlan(deps, plan, layout, signal);
  const tried = await committer.submit(toIntent(plan, loaded, attemptKeys), deadline);
  if (tried.outcome !== 'unchanged' && tried.outcome !== 'refused') return tried;
  // Nothing was appended, so no guard has checked what it was decided from.
  return (await isUnchanged(log, tried.seen, signal)) ? tried : { outcome: 'stale' };
}

import type { UserId } from '@zameni/contracts';
import { AppError, createBackoff, delay, Fault } from '@zameni/runtime';
import type { Situation } from '../domain/decision.ts';
import { type Loaded, type Plan, toSeen, toSituation } from './decision-intent.ts';
import { isUnchanged, type LoadDeps, loadPlan } from './load-plan.ts';

/** What a decision is made from. */
export type Input = { readonly situation: Situation; readonly accounts: Loaded['accounts'] };

/** A result, or the account to look at first. */
export type Considered<Result> =
  | { readonly outcome: 'result'; readonly result: Result }
  | { readonly outcome: 'look'; readonly account: UserId };

const RETRY_BACKOFF = { baseMs: 10, maxMs: 200 };

/**
 * Loads what a plan decides from, decides with `consider` in place of the plan's decision, and
 * appends nothing. As for every decision that appends nothing, the log's leader is asked before the
 * result is believed. Throws `log-unavailable`.
 */
export async function decideOnly<Result>(
  deps: LoadDeps,
  plan: Plan,
  consider: (input: Input) => Considered<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const backoff = createBackoff(RETRY_BACKOFF);
  let { accounts } = plan;
  let isFromLeader = false;
  while (!signal.aborted) {
    const loaded = await deps.claimLayouts.use((layout) =>
      loadPlan(deps, { ...plan, accounts, isFromLeader }, layout, signal),
    );
    const situation = toSituation(loaded, loaded.known, plan.cause.time);
    const considered = consider({ situation, accounts: loaded.accounts });
    if (considered.outcome === 'look') {
      // An account of an earlier try may have lost the claim since, so only the newest is added.
      accounts = [...plan.accounts, considered.account];
      continue;
    }
    const seen = toSeen(loaded, loaded.known);
    if (await isUnchanged(deps.log, seen, signal)) return considered.result;
    isFromLeader = true;
    await delay(backoff.nextMs(), signal).catch(() => undefined);
  }
  throw new AppError('log-unavailable', {
    cause: new Fault('the log moved on at every try'),
    retryAfterSeconds: 1,
  });
}

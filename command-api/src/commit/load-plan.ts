import { subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  type ClaimLayout,
  type DataKeys,
  type EventLog,
  type LogRecord,
} from '@zameni/runtime';
import type { LoadAccount } from '../log/account-reader.ts';
import type { LoadAttempt } from '../log/attempt-reader.ts';
import type { ClaimLayouts } from './claim-layouts.ts';
import type { Loaded, Plan, Seen } from './decision-intent.ts';
import { toNewPerson } from './event-messages.ts';

/** What loading the input of decisions needs. */
export type LoadDeps = {
  readonly log: EventLog;
  readonly loadAccount: LoadAccount;
  readonly loadAttempt: LoadAttempt;
  readonly dataKeys: DataKeys;
  readonly claimLayouts: ClaimLayouts;
};

/** Whether accounts are read from the leader, because an answer of another server was old. */
export type Source = { readonly isFromLeader: boolean };

/** Loads what a plan decides from. Throws `log-unavailable`. */
export async function loadPlan(
  { log, loadAccount, loadAttempt, dataKeys }: LoadDeps,
  plan: Omit<Plan, 'decide'> & Source,
  layout: ClaimLayout,
  signal: AbortSignal,
): Promise<Loaded> {
  const now = plan.cause.time;
  const [accounts, attempts] = await Promise.all([
    loadAll(plan.accounts, (id) => {
      const how = { withPerson: id === plan.withPerson, isFromLeader: plan.isFromLeader };
      return loadAccount(id, how, signal);
    }),
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
  return { accounts, attempts, claims, newPerson, unloaded, known };
}

/** Whether the leader has exactly what a decision was made from. */
export async function isUnchanged(
  log: EventLog,
  seen: Seen,
  signal: AbortSignal,
): Promise<boolean> {
  const records = await readAllFromLeader(log, [...seen.keys()], signal);
  const positions = [...seen.values()];
  return records.every((record, n) => (record?.position ?? 0) === positions[n]);
}

async function loadAll<Item>(
  ids: readonly UserId[],
  load: (id: UserId) => Promise<Item>,
): Promise<ReadonlyMap<UserId, Item>> {
  const entries = ids.map(async (id) => [id, await load(id)] as const);
  return new Map(await Promise.all(entries));
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

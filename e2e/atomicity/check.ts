import type { ClaimRecord } from '@zameni/contracts';
import { checkDeletion } from './check-deletion.ts';
import { checkAttempt, checkNeighbours, type KnownAttempts, noteAttempts } from './check-commit.ts';
import type { AtomicRecord, Commit } from './log.ts';
import {
  at,
  foldAccount,
  isHeldBy,
  type LogAccount,
  type Person,
  type PlacedEvent,
} from '../log/account.ts';

/** A commit with a missing part, or made twice: which rule, where, and details. */
export type Torn = { readonly rule: string; readonly position: number; readonly detail: string };

/** The state after a commit: claims and keys as appended, people as folded from their events. */
type World = {
  /** `unknown`: its release may have been deleted unseen. */
  readonly claims: Map<string, ClaimRecord | 'unknown'>;
  readonly keys: Set<string>;
  readonly attempts: KnownAttempts;
  readonly accounts: ReadonlyMap<string, LogAccount>;
  /** Accounts by the claims they ever had. */
  readonly byClaim: ReadonlyMap<string, ReadonlySet<LogAccount>>;
  /** Accounts whose key was deleted unseen, so that their claims are unknown. */
  readonly blind: ReadonlySet<string>;
};

/**
 * Finds commits that are incomplete in the log. After every commit, not only the last, claims, keys
 * and events must agree: a person who has the address holds each claim and has a key, and each
 * person with an address has its claim. A commit closes the attempt that it is about, and requests
 * the deletion of exactly what it ends. Commits with a message that was deleted unseen are left
 * out, as are the claims they may concern.
 */
export function findTorn(commits: readonly Commit[]): Torn[] {
  const accounts = foldAll(commits);
  const blind = new Set([...accounts.values()].filter(isBlind).map(({ id }) => id));
  const byClaim = groupByClaim(accounts);
  const attempts: KnownAttempts = new Map();
  const world: World = {
    claims: new Map(),
    keys: new Set(),
    attempts,
    accounts,
    byClaim,
    blind,
  };
  return commits.flatMap((commit) => {
    for (const record of commit.records) {
      if (record.kind === 'claim') world.claims.set(record.k, record.record);
      if (record.kind === 'key') world.keys.add(record.userId);
    }
    if (!commit.isWhole) doubtClaims(world, commit);
    const torn = commit.records.flatMap((record, n) =>
      commit.isWhole
        ? check(world, commit, n).map((detail) => {
            return { rule: `${record.kind}-is-whole`, position: record.position, detail };
          })
        : [],
    );
    noteAttempts(attempts, commit);
    return torn;
  });
}

function check(world: World, commit: Commit, n: number): string[] {
  const record = commit.records[n];
  switch (record?.kind) {
    case undefined:
    case 'wish':
      return [];
    case 'key':
    case 'farewell':
      return checkNeighbours(commit, record);
    case 'claim':
      return [
        ...checkClaim(world, commit.last, record.k),
        ...checkNeighbours(commit, record),
        ...checkDeletion(commit, record),
      ];
    case 'attempt':
      return [...checkAttempt(commit, record, world.attempts), ...checkDeletion(commit, record)];
    case 'event':
      return [
        ...checkPerson(world, commit.last, record.userId),
        ...checkFarewell(world, commit, record),
        ...checkNeighbours(commit, record),
        ...checkDeletion(commit, record),
      ];
    case 'deletion':
      return checkDeletion(commit, record);
  }
}

function checkClaim(world: World, position: number, k: string): string[] {
  const claim = world.claims.get(k);
  if (claim === undefined || claim === 'unknown') return [];
  const holders = [...(world.byClaim.get(k) ?? [])]
    .filter(({ people }) => isHeldBy(at(people, position), k))
    .map(({ id }) => id);
  if (claim.state === 'released') return holders.map((id) => `given up, and ${id} has it`);
  const { userId } = claim;
  const faults = holders.filter((id) => id !== userId).map((id) => `${id} has it too`);
  if (!world.blind.has(userId) && !holders.includes(userId)) {
    faults.push(`held by ${userId} who does not have it`);
  }
  return faults;
}

function checkPerson(world: World, position: number, userId: string): string[] {
  if (world.blind.has(userId)) return [];
  const person = personAt(world, userId, position);
  const faults = claimsOf(world.accounts.get(userId))
    .filter((k) => !isHeldBy(person, k) && isNamed(world.claims.get(k), userId))
    .map((k) => `${userId} is in the claim ${k} still`);
  if (person === undefined) return faults;
  if (!world.keys.has(userId)) faults.push(`${userId} has no key`);
  const claim = world.claims.get(person.claim);
  if (person.ownedAt === undefined || claim === 'unknown') return faults;
  if (claim?.state !== 'held' || claim.userId !== userId) {
    faults.push(`${userId} has an address without its claim`);
  } else if (claim.verified !== person.view.emailVerified) {
    faults.push('proven in one place only');
  }
  return faults;
}

/** A person who has proven the address that they hold gets a mail about their erasure. */
function checkFarewell(
  world: World,
  { records }: Commit,
  { userId, position, placed }: Extract<AtomicRecord, { readonly kind: 'event' }>,
): string[] {
  if (placed.fact.name !== 'erased' || world.blind.has(userId)) return [];
  const before = personAt(world, userId, position - 1);
  const isTold = records.some(
    (one) => one.kind === 'farewell' && one.userId === userId && one.isFormer !== true,
  );
  const isOwner = before?.ownedAt !== undefined && before.view.emailVerified;
  if (isOwner === isTold) return [];
  return [isOwner ? `no farewell to ${userId}` : `a farewell to ${userId}, who proved nothing`];
}

/** Part of the commit was not seen, so it may concern any of the claims it names. */
function doubtClaims({ claims, accounts }: World, { records }: Commit): void {
  const ids = new Set(records.flatMap((record) => ('userId' in record ? record.userId : [])));
  for (const k of [...ids].flatMap((id) => claimsOf(accounts.get(id)))) claims.set(k, 'unknown');
  for (const [k, claim] of claims) {
    if ([...ids].some((id) => isNamed(claim, id))) claims.set(k, 'unknown');
  }
}

function foldAll(commits: readonly Commit[]): Map<string, LogAccount> {
  const events = new Map<string, [PlacedEvent, ...PlacedEvent[]]>();
  for (const record of commits.flatMap(({ records }) => records)) {
    if (record.kind !== 'event') continue;
    const before = events.get(record.userId);
    if (before === undefined) events.set(record.userId, [record.placed]);
    else before.push(record.placed);
  }
  return new Map([...events].map(([id, placed]) => [id, foldAccount(id, placed)]));
}

function groupByClaim(accounts: World['accounts']): Map<string, Set<LogAccount>> {
  const byClaim = new Map<string, Set<LogAccount>>();
  for (const account of accounts.values()) {
    for (const k of claimsOf(account)) byClaim.set(k, (byClaim.get(k) ?? new Set()).add(account));
  }
  return byClaim;
}

function claimsOf(account: LogAccount | undefined): string[] {
  return [...new Set(account?.people.flatMap(({ value }) => value?.claim ?? []))];
}

/** Whether the registration was not seen or could not be opened. */
function isBlind({ people: [born] }: LogAccount): boolean {
  return born?.value === undefined;
}

function personAt({ accounts }: World, userId: string, position: number): Person | undefined {
  return at(accounts.get(userId)?.people ?? [], position);
}

function isNamed(claim: ClaimRecord | 'unknown' | undefined, userId: string): boolean {
  if (claim === undefined || claim === 'unknown' || claim.state === 'released') return false;
  return claim.userId === userId;
}

import type { ClaimRecord, ForgetRecord } from '@zameni/contracts';
import type { AtomicRecord, Commit } from './atomic-log.ts';
import { at, foldAccount, type LogAccount, type Person, type PlacedEvent } from './log-account.ts';

/** A commit of which a part is missing, or that was made twice: which rule, where, and what. */
export type Torn = { readonly rule: string; readonly position: number; readonly detail: string };

/** What holds behind a commit: claims and keys as they were appended, people as their events say. */
type World = {
  /** `unknown`: it may have been given up unseen. */
  readonly claims: Map<string, ClaimRecord | 'unknown'>;
  readonly keys: Set<string>;
  readonly accounts: ReadonlyMap<string, LogAccount>;
  /** Accounts by the claims they ever had or waited for. */
  readonly byClaim: ReadonlyMap<string, ReadonlySet<LogAccount>>;
  /** Accounts whose key was deleted unseen, so that nobody knows what they held. */
  readonly blind: ReadonlySet<string>;
};

/**
 * Finds commits that lie in the log by half. Behind every commit, not only in the end, claims, keys and
 * events must say the same: each claim is held by a person who has it and whose key is there, and each
 * person who came to an address has its claim. Commits of which a message was deleted before it was
 * seen are left out, with the claims that they may have been about.
 */
export function findTorn(commits: readonly Commit[]): Torn[] {
  const accounts = foldAll(commits);
  const blind = new Set(
    [...accounts.values()].filter(isBlind).map(({ registrationId }) => registrationId),
  );
  const byClaim = groupByClaim(accounts);
  const world: World = { claims: new Map(), keys: new Set(), accounts, byClaim, blind };
  return commits.flatMap((commit) => {
    for (const record of commit.records) {
      if (record.kind === 'claim') world.claims.set(record.k, record.record);
      if (record.kind === 'key') world.keys.add(record.userId);
    }
    if (!commit.isWhole) {
      doubtClaims(world, commit);
      return [];
    }
    return commit.records.flatMap((record, n) => {
      return check(world, commit, n).map((detail) => {
        return { rule: `${record.kind}-is-whole`, position: record.position, detail };
      });
    });
  });
}

function check(world: World, commit: Commit, n: number): string[] {
  const record = commit.records[n];
  switch (record?.kind) {
    case undefined:
      return [];
    case 'key': {
      if (record.version > 1) return [];
      const next = commit.records[n + 1];
      const isHers = next?.kind === 'event' && next.userId === record.userId;
      return isHers && next.placed.fact.name === 'registered' ? [] : ['a key without its event'];
    }
    case 'claim':
      return [...checkClaim(world, commit.last, record.k), ...checkForgetting(commit, record)];
    case 'event':
      return [
        ...checkPerson(world, commit.last, record.userId),
        ...checkNeighbours(commit, n),
        ...checkForgetting(commit, record),
      ];
    case 'forget':
      return checkForgetting(commit, record);
  }
}

/** What a record leaves to be deleted: the claim it gives up, or the keys of whom it ends. */
function endedBy(record: AtomicRecord): string | undefined {
  if (record.kind === 'claim') return record.record.state === 'released' ? record.k : undefined;
  if (record.kind !== 'event') return undefined;
  const { name } = record.placed.fact;
  return name === 'erased' || name === 'superseded' ? record.userId : undefined;
}

/** A commit asks for the deletion of exactly what it ends; digests of claims are no user ids. */
function checkForgetting({ records }: Commit, record: AtomicRecord): string[] {
  const asked = new Set(
    records.flatMap((one) => (one.kind === 'forget' ? namedIn(one.record) : [])),
  );
  if (record.kind === 'forget') {
    const ended = new Set(records.map(endedBy));
    return namedIn(record.record)
      .filter((name) => !ended.has(name))
      .map((name) => `${name} is to be forgotten, and is not given up`);
  }
  const name = endedBy(record);
  return name === undefined || asked.has(name) ? [] : [`nothing asks to forget ${name}`];
}

function namedIn({ claims, people }: ForgetRecord): string[] {
  return [...claims, ...people.map(({ userId }) => userId)];
}

function checkClaim(world: World, position: number, k: string): string[] {
  const claim = world.claims.get(k);
  if (claim === undefined || claim === 'unknown') return [];
  const holders = [...(world.byClaim.get(k) ?? [])]
    .filter(({ people }) => isHeldBy(at(people, position), k))
    .map(({ registrationId }) => registrationId);
  if (claim.state === 'released') return holders.map((id) => `given up, and ${id} has it`);
  const { userId, contenders = [] } = claim;
  const faults = holders.filter((id) => id !== userId).map((id) => `${id} has it too`);
  const known = (id: string) => !world.blind.has(id);
  if (known(userId) && !isHeldBy(personAt(world, userId, position), k)) {
    faults.push(`held by ${userId} who does not have it`);
  }
  for (const id of contenders.filter(known)) {
    const person = personAt(world, id, position);
    const isWaiting = person?.standing === 'contested' && person.claim === k;
    if (!isWaiting) faults.push(`${id} waits for it in the claim only`);
  }
  return faults;
}

function checkPerson(world: World, position: number, userId: string): string[] {
  if (world.blind.has(userId)) return [];
  const person = personAt(world, userId, position);
  const faults = claimsOf(world.accounts.get(userId))
    .filter((k) => k !== person?.claim && isNamed(world.claims.get(k), userId))
    .map((k) => `${userId} is in the claim ${k} still`);
  if (person === undefined) return faults;
  if (!world.keys.has(userId)) faults.push(`${userId} has no key`);
  const claim = world.claims.get(person.claim);
  if (person.standing === 'contested' || claim === 'unknown') return faults;
  if (claim?.state !== 'held' || claim.userId !== userId) {
    faults.push(`${userId} has an address without its claim`);
  } else if (claim.verified !== person.view.emailVerified) {
    faults.push('proven in one place only');
  }
  return faults;
}

/** A registration is claim, key, event, side by side but for a forget record. */
function checkNeighbours(commit: Commit, n: number): string[] {
  const before = commit.records.slice(0, n).filter(({ kind }) => kind !== 'forget');
  const [claim, key, event] = [before.at(-2), before.at(-1), commit.records[n]];
  if (event?.kind !== 'event' || event.placed.fact.name !== 'registered') return [];
  const faults: string[] = [];
  if (key?.kind !== 'key' || key.userId !== event.userId) faults.push('no key right before it');
  const isNamedInIt = claim?.kind === 'claim' && isNamed(claim.record, event.userId);
  if (!isNamedInIt) faults.push('no claim of hers right before its key');
  return faults;
}

/** A part of the commit was not seen: it may have been about any claim of those it names. */
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

/** Whether its registration could not be opened. */
function isBlind({ outcomes: [first], people: [born] }: LogAccount): boolean {
  const isPerson = first?.value.result === 'registered' || first?.value.result === 'pending';
  return isPerson && born?.value === undefined;
}

function personAt({ accounts }: World, userId: string, position: number): Person | undefined {
  return at(accounts.get(userId)?.people ?? [], position);
}

function isHeldBy(person: Person | undefined, k: string): boolean {
  return person?.standing === 'held' && person.claim === k;
}

function isNamed(claim: ClaimRecord | 'unknown' | undefined, userId: string): boolean {
  if (claim === undefined || claim === 'unknown' || claim.state === 'released') return false;
  return claim.userId === userId || claim.contenders?.includes(userId) === true;
}

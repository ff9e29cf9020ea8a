import { type DeletionRecord, parseClaimRecord, parseOrThrow, subjects } from '@zameni/contracts';
import { type ClaimLayout, delay, type EventLog, isAbsent } from '@zameni/runtime';
import type { Slots } from '../async/slots.ts';
import { isErasedEvent } from '../records/erased-event.ts';

/** Where to look, and the layout of claims now. */
export type JudgeDeps = {
  readonly log: Pick<EventLog, 'readFirst' | 'readLastFromLeader' | 'countRecords'>;
  readonly claims: () => Pick<ClaimLayout, 'placeOf'>;
  /** Bounds concurrent looks. The wait between two of them occupies none. */
  readonly questions: Slots;
};

/** A deletion record, and its position. */
export type RecordToJudge = { readonly content: DeletionRecord; readonly position: number };

/** What is left of a genuine deletion record: whether attempts on its addresses must be voided. */
export type Judgement = { readonly isVoiding: boolean };

/** The log does not show what a commit with this deletion record would have left. */
export class ForgedRecordError extends Error {
  override readonly name = 'ForgedRecordError';
}

/** Milliseconds for the leader to show what a follower has, and between two looks. */
const LEADER_LAG_MS = 2_000;
const LOOK_MS = 100;

/**
 * Checks that the log shows what a deletion record claims: people are erased, attempts are closed or
 * void, claims are released or written again since, addresses are those of a claim that an erasure
 * released. No record is deleted before. So a forged or mistaken record destroys nothing: the worst
 * failure is a key that a living person still needs. Throws ForgedRecordError.
 */
export async function judgeRecord(
  deps: JudgeDeps,
  record: RecordToJudge,
  signal: AbortSignal,
): Promise<Judgement> {
  const endMs = performance.now() + LEADER_LAG_MS;
  for (;;) {
    try {
      return await deps.questions.run(() => judgeOnce(deps, record, signal));
    } catch (error) {
      if (!(error instanceof ForgedRecordError) || performance.now() >= endMs) throw error;
    }
    await delay(LOOK_MS, signal);
  }
}

async function judgeOnce(
  deps: JudgeDeps,
  { content, position }: RecordToJudge,
  signal: AbortSignal,
): Promise<Judgement> {
  const { claims, people, attempts, addresses } = content;
  for (const id of people) await judgePerson(deps, id, signal);
  for (const attempt of attempts) await judgeAttempt(deps, attempt, signal);
  const releases = new Map<string, Release>();
  for (const k of claims) {
    const subject = subjects.claim(k);
    releases.set(subject, await judgeClaim(deps, { subject, position }, signal));
  }
  const isVoiding = addresses.map((address) => judgeAddress(deps, address, releases));
  return { isVoiding: isVoiding.includes(true) };
}

async function judgePerson({ log }: JudgeDeps, id: string, signal: AbortSignal): Promise<void> {
  const last = await log.readLastFromLeader(subjects.account(id), signal);
  if (last === undefined || !isErasedEvent(last)) {
    throw new ForgedRecordError('it names a person who is not erased');
  }
}

/**
 * What is to be deleted lies before a record that counts instead: it closed the attempt, made it
 * void, or is a new attempt under the id of one that had expired.
 */
async function judgeAttempt(
  { log }: JudgeDeps,
  { id, upTo }: DeletionRecord['attempts'][number],
  signal: AbortSignal,
): Promise<void> {
  const subject = subjects.attempt(id);
  const first = await log.readFirst(subject, signal);
  // An attempt that has expired has no record. This is no proof, but nothing is deleted without one.
  if (first !== undefined && first.position > upTo) return;
  if (first === undefined && (await isAbsent(log, { subject, known: upTo }, signal))) return;
  if ((await log.readFirst(subject, signal, upTo)) !== undefined) return;
  throw new ForgedRecordError('it names an attempt that is not closed');
}

/**
 * What the log has of a claim that was released: nothing, so that attempts on the address are void
 * already; or a record that shows or repeats an erasure; or one that does not.
 */
type Release = 'gone' | 'by-erasure' | 'without-erasure';

async function judgeClaim(
  { log }: JudgeDeps,
  { subject, position }: { readonly subject: string; readonly position: number },
  signal: AbortSignal,
): Promise<Release> {
  const last = await log.readLastFromLeader(subject, signal);
  if (last === undefined) {
    if (await isAbsent(log, { subject, known: position }, signal)) return 'gone';
    throw new ForgedRecordError('it names a claim that nobody shows');
  }
  const record = parseOrThrow(parseClaimRecord, last);
  // Of a claim that was written again, only records that count no more are deleted.
  if (record.state === 'held' && last.position <= position) {
    throw new ForgedRecordError('it names a claim that is held');
  }
  const isErased = record.state === 'released' && record.by === 'erasure';
  return isErased || record.erasedAt !== undefined ? 'by-erasure' : 'without-erasure';
}

/**
 * Claims are deleted after the attempts on their address are void. So a claim that is gone, or that
 * no longer repeats the erasure, shows that nothing is left to be voided.
 */
function judgeAddress(
  { claims }: JudgeDeps,
  address: string,
  releases: ReadonlyMap<string, Release>,
): boolean {
  const own = claims()
    .placeOf(address)
    .reads.flatMap((subject) => releases.get(subject) ?? []);
  const isOver = [...releases.values()].every((release) => release === 'gone');
  if (own.length === 0 && !isOver) {
    throw new ForgedRecordError('it names an address without its claim');
  }
  return own.includes('by-erasure');
}

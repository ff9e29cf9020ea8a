import { setTimeout as pause } from 'node:timers/promises';
import { mapConcurrently } from './concurrently.ts';
import type { Client } from './crash-recovery-client.ts';
import type { Random } from './crash-recovery-random.ts';
import type { Attempt, History, ReadHistory, Wish, WriteHistory } from './history.ts';

/** How much is asked at once, and by whom. */
export type LoadOptions = {
  readonly client: Client;
  readonly random: Random;
  /** Part of every address and key, so that runs never meet. */
  readonly name: string;
  readonly writers: number;
  readonly readers: number;
};

/** Load that runs until it is stopped, and remembers everything it was told. */
export type Load = AsyncDisposable & {
  /** Begins no more wishes, waits for an answer to each, and returns what was seen. */
  readonly stop: () => Promise<{ writes: WriteHistory[]; reads: ReadHistory[] }>;
};

/** Readers at once after the last kill. */
const FINAL_READERS = 16;

/** Milliseconds after which a wish without a decision is left undecided. */
const WISH_DEADLINE_MS = 60_000;

type Accepted = {
  readonly key: string;
  readonly registrationId: string;
  readonly position: number;
};

/**
 * Writers register fresh addresses, taken ones and ones that others ask for at the same time, and
 * send again under the same key whatever was not decided; some hang up early, some send twice.
 * Readers read what was accepted, some at its position, and none ever accepts an older answer than
 * the one before.
 */
export function startLoad(options: LoadOptions): Load {
  const { client, random, name } = options;
  const stopping = new AbortController();
  const writes: WriteHistory[] = [];
  const reads: ReadHistory[] = [];
  const accepted: Accepted[] = [];
  const emails: string[] = [];

  function makeWish(): Wish {
    const number = writes.length;
    const isFresh = emails.length === 0 || random.percent(75);
    const age = random.percent(60) ? 10 : emails.length;
    const old = emails[emails.length - 1 - random.below(Math.min(age, emails.length))];
    const email = isFresh || old === undefined ? `crash-${name}-${number}@example.org` : old;
    emails.push(email);
    return {
      key: `crash-recovery-${name}-${number}`,
      caller: random.percent(50) ? 'public' : 'service',
      email,
      displayName: `Person ${number}`,
      locale: 'en',
      termsVersion: '2026-01',
    };
  }

  async function write(): Promise<void> {
    const attempts: Attempt[] = [];
    const wish = makeWish();
    writes.push({ wish, attempts });
    const send = async (deadlineMs?: number) => {
      const attempt = await client.post(wish, deadlineMs);
      attempts.push(attempt);
      return attempt.answer.kind !== 'unknown';
    };
    const deadline = performance.now() + WISH_DEADLINE_MS;
    if (random.percent(5)) await send(1 + random.below(20));
    for (let isDone = false; !isDone && performance.now() < deadline; ) {
      const copies = random.percent(5) ? [send(), send()] : [send()];
      isDone = (await Promise.all(copies)).includes(true);
      if (!isDone) await pause(20 + random.below(200));
    }
    if (random.percent(5)) await send();
    const known = attempts.find(({ answer }) => answer.kind === 'decided')?.answer;
    if (known?.kind !== 'decided' || known.registrationId === undefined) return;
    const { registrationId, position } = known;
    accepted.push({ key: wish.key, registrationId, position });
    if (random.percent(30)) await read({ key: wish.key, registrationId, position }, position);
  }

  async function read(target: Accepted, minPosition: number | undefined): Promise<ReadHistory> {
    const { key, registrationId } = target;
    const path = random.percent(50) ? 'users' : 'registrations';
    const seen = await client.get({ key, path, registrationId, minPosition, isFinal: false });
    reads.push(seen);
    return seen;
  }

  async function readOn(highest: number): Promise<number> {
    const age = random.percent(50) ? 20 : accepted.length;
    const target = accepted[accepted.length - 1 - random.below(Math.min(age, accepted.length))];
    if (target === undefined) return highest;
    if (random.percent(20)) {
      await read(target, undefined);
      return highest;
    }
    const { answer } = await read(target, Math.max(highest, target.position));
    return 'position' in answer ? Math.max(highest, answer.position ?? 0) : highest;
  }

  async function repeat(work: () => Promise<void>): Promise<void> {
    while (!stopping.signal.aborted) {
      await work();
      await pause(random.below(100));
    }
  }

  function startReader(): Promise<void> {
    let highest = 0;
    return repeat(async () => {
      highest = await readOn(highest);
    });
  }

  const running = Promise.all([
    ...Array.from({ length: options.writers }, () => repeat(write)),
    ...Array.from({ length: options.readers }, startReader),
  ]);
  running.catch(() => undefined);
  const stop = async () => {
    stopping.abort();
    await running;
    return { writes, reads };
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** Sends every wish that was decided once more; each process has been killed since some of them. */
export async function askAllAgain(
  client: Client,
  writes: readonly WriteHistory[],
): Promise<WriteHistory[]> {
  return mapConcurrently(writes, FINAL_READERS, async (write) => {
    const isDecided = write.attempts.some(({ answer }) => answer.kind === 'decided');
    if (!isDecided) return write;
    return { ...write, attempts: [...write.attempts, await client.post(write.wish)] };
  });
}

/** Reads everything that was accepted once more, until it is answered; nothing is killed any more. */
export async function readAllAgain(
  client: Client,
  { writes }: Pick<History, 'writes'>,
  deadlineMs: number,
): Promise<ReadHistory[]> {
  const deadline = performance.now() + deadlineMs;
  const targets = writes.flatMap(({ wish, attempts }) => {
    const known = attempts.find(({ answer }) => answer.kind === 'decided')?.answer;
    if (known?.kind !== 'decided' || known.registrationId === undefined) return [];
    const { registrationId, position } = known;
    return (['registrations', 'users'] as const).map((path) => {
      return { key: wish.key, path, registrationId, minPosition: position, isFinal: true };
    });
  });
  const reads: ReadHistory[] = [];
  const left = targets.values();
  const reader = async () => {
    for (const target of left) {
      let seen = await client.get(target);
      while (seen.answer.kind === 'unknown' && performance.now() < deadline) {
        await pause(100);
        seen = await client.get(target);
      }
      reads.push(seen);
    }
  };
  await Promise.all(Array.from({ length: FINAL_READERS }, reader));
  return reads;
}

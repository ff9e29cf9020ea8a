import { setTimeout as pause } from 'node:timers/promises';
import type {
  History,
  ReadHistory,
  Sent,
  Wish,
  WriteAnswer,
  WriteHistory,
} from '../history/types.ts';
import type { Random } from '../support/random.ts';
import type { Client } from './client.ts';
import { createProvers, type IssueLink } from './proofs.ts';

/** The concurrency of the load. */
export type LoadOptions = {
  readonly client: Client;
  readonly issueLink: IssueLink;
  readonly random: Random;
  /** Part of every address and key, so that runs do not share any. */
  readonly name: string;
  readonly writers: number;
  readonly readers: number;
};

/** Load that runs until it is stopped. It records every answer. */
export type Load = AsyncDisposable & {
  /** Begins no more wishes, waits for an answer to each, and returns what was seen. */
  readonly stop: () => Promise<{ -readonly [Name in keyof History]: History[Name] }>;
};

/** Milliseconds after which a wish without a decision is left undecided. */
const WISH_DEADLINE_MS = 60_000;

type Accepted = {
  readonly key: string;
  readonly registrationId: string;
  readonly position: number;
};

/**
 * Writers register fresh addresses, taken ones, and ones that others request at the same time,
 * vouched and as the public. With an idempotency key they retry what was not decided. Some hang up
 * early, some send twice. Some attempts are proven. Readers read what was accepted, some at its
 * position, and never accept an answer older than the one before.
 */
export function startLoad(options: LoadOptions): Load {
  const { client, random, name } = options;
  const stopping = new AbortController();
  const writes: WriteHistory[] = [];
  const reads: ReadHistory[] = [];
  const accepted: Accepted[] = [];
  const emails: string[] = [];
  const provers = createProvers(options);

  function makeWish(): Wish {
    const number = writes.length;
    const isFresh = emails.length === 0 || random.percent(75);
    const age = random.percent(60) ? 10 : emails.length;
    const old = emails[emails.length - 1 - random.below(Math.min(age, emails.length))];
    const email = isFresh || old === undefined ? `crash-${name}-${number}@example.org` : old;
    emails.push(email);
    const caller = random.percent(60) ? 'public' : 'service';
    return {
      key: `crash-recovery-${name}-${number}`,
      // Without a key nobody can retry, and most public clients never do.
      isKeyed: caller === 'service' || random.percent(50),
      caller,
      email,
      displayName: `Person ${number}`,
      locale: 'en',
      termsVersion: '2026-01',
    };
  }

  async function write(): Promise<void> {
    const sent: Sent<WriteAnswer>[] = [];
    const wish = makeWish();
    writes.push({ wish, sent });
    const send = async (deadlineMs?: number) => {
      const one = await client.post(wish, deadlineMs);
      sent.push(one);
      return one.answer.kind !== 'unknown';
    };
    if (wish.isKeyed) await sendUntilDecided(send);
    else await send();
    const known = sent.find(({ answer }) => answer.kind === 'decided')?.answer;
    if (known?.kind !== 'decided') return;
    const { registrationId, position } = known;
    accepted.push({ key: wish.key, registrationId, position });
    const isRead = random.percent(30);
    if (isRead) await read({ key: wish.key, registrationId, position }, position);
    if (wish.caller === 'public' && random.percent(60)) {
      const { key, email } = wish;
      await provers.prove({ key, email, attempt: { id: registrationId, position } });
    }
  }

  async function sendUntilDecided(send: (deadlineMs?: number) => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + WISH_DEADLINE_MS;
    if (random.percent(5)) await send(1 + random.below(20));
    for (let isDone = false; !isDone && performance.now() < deadline; ) {
      const copies = random.percent(5) ? [send(), send()] : [send()];
      isDone = (await Promise.all(copies)).includes(true);
      if (!isDone) await pause(20 + random.below(200));
    }
    if (random.percent(5)) await send();
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
    return { writes, proofs: provers.proofs, reads };
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from '@zameni/contracts';
import { personAt } from './actors.ts';
import type { Random } from './crash-recovery-random.ts';
import type { Mailboxes } from './mailbox.ts';

/** Who is asked, with what, and what the load is made of. */
export type AtomicLoadOptions = {
  /** The gateway and the processes themselves: a rival comes in by another door. */
  readonly urls: readonly string[];
  readonly token: string;
  readonly mailboxes: Pick<Mailboxes, 'tokenFor'>;
  readonly random: Random;
  /** Part of every address and key, so that runs never meet. */
  readonly name: string;
  readonly lanes: number;
};

/** What somebody was told for certain: this event of this account lies at this sealed position. */
export type Told = {
  readonly userId: string;
  readonly name: 'registered' | 'erased';
  readonly position: string;
};

/** What a load has done. */
export type AtomicHistory = {
  readonly told: readonly Told[];
  readonly emails: readonly string[];
  /** Answers by command and status; `none` where nobody answered in time. */
  readonly answers: ReadonlyMap<string, number>;
};

/** Load that runs until it is stopped. */
export type AtomicLoad = AsyncDisposable & { readonly stop: () => Promise<AtomicHistory> };

/** Less than a process may take: what nobody waits for any more is decided all the same. */
const DEADLINE_MS = 4_000;
const RETRIES_DEADLINE_MS = 40_000;

/** Commands are mostly about people and addresses of just now, who are likely to meet. */
const RECENT = 12;

const COMMANDS = [
  { share: 40, type: 'register' },
  { share: 60, type: 'verify' },
  { share: 70, type: 'change' },
  { share: 78, type: 'prove-change' },
  { share: 83, type: 'update' },
  { share: 87, type: 'deactivate' },
  { share: 90, type: 'reactivate' },
  { share: 100, type: 'erase' },
] as const;

/**
 * Sends commands of every kind, about few addresses at a time, so that they meet. A registration that
 * nobody answered is sent again under its key until it is decided; other commands are given up.
 */
export function startAtomicLoad(options: AtomicLoadOptions): AtomicLoad {
  const { urls, token, mailboxes, random, name, lanes } = options;
  const doors = urls.map((baseUrl) => {
    return createClient({ baseUrl, fetch, token, deadlineMs: DEADLINE_MS });
  });
  const stopping = new AbortController();
  const ids: string[] = [];
  const emails: string[] = [];
  const told: Told[] = [];
  const answers = new Map<string, number>();
  let keys = 0;

  const recent = (items: readonly string[]) =>
    items[items.length - 1 - random.below(Math.min(RECENT, items.length))];

  /** Asks by a door of chance; undefined when it stays open what came of it. */
  async function ask<Answer extends { readonly status: number }>(
    what: string,
    call: (door: Client) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const door = doors[random.below(doors.length)];
    // Refused, cut off, late, or the gateway's own words: nobody knows, as for any caller.
    const answer = door && (await call(door).catch(() => undefined));
    const result = `${what} ${answer?.status ?? 'none'}`;
    answers.set(result, (answers.get(result) ?? 0) + 1);
    return answer?.status === 503 ? undefined : answer;
  }

  async function register(email: string): Promise<void> {
    keys += 1;
    const headers = { 'Idempotency-Key': `all-or-nothing-${name}-${keys}` };
    const request = { body: personAt(email), headers };
    const deadline = performance.now() + RETRIES_DEADLINE_MS;
    while (performance.now() < deadline) {
      const answer = await ask('register', (door) => door.registerPerson(request));
      if (answer?.status === 201 || answer?.status === 202) {
        const userId = answer.status === 201 ? answer.body.userId : answer.body.registrationId;
        ids.push(userId);
        told.push({ userId, name: 'registered', position: answer.headers.Position });
      }
      if (answer !== undefined) return;
      await pause(20 + random.below(200));
    }
  }

  async function registerSomebody(): Promise<void> {
    const known = recent(emails);
    if (known !== undefined && random.percent(30)) return register(known);
    const email = `person-${emails.length}@h${name}.example.org`;
    emails.push(email);
    await Promise.all(random.percent(25) ? [register(email), register(email)] : [register(email)]);
  }

  async function prove(id: string, attempt: 'registered' | 'email-change-requested') {
    // She may never have asked, may be gone, or the log may have no leader to ask.
    const found = await mailboxes.tokenFor(id, attempt).catch(() => undefined);
    if (found === undefined) return;
    await ask(`prove ${attempt}`, (door) => door.verifyEmail({ body: { token: found } }));
  }

  async function act(): Promise<void> {
    const drawn = random.below(100);
    const type = COMMANDS.find(({ share }) => drawn < share)?.type ?? 'register';
    const id = recent(ids);
    if (type === 'register' || id === undefined) return registerSomebody();
    const params = { id };
    const body = { reasonCode: 'test' };
    switch (type) {
      case 'verify':
        return prove(id, 'registered');
      case 'prove-change':
        return prove(id, 'email-change-requested');
      case 'change': {
        const email = recent(emails) ?? '';
        await ask(type, (door) => door.changeEmail({ params, body: { email } }));
        return random.percent(70) ? prove(id, 'email-change-requested') : undefined;
      }
      case 'update': {
        const locale = random.percent(50) ? 'sr' : 'en';
        return void (await ask(type, (door) => door.updateUser({ params, body: { locale } })));
      }
      case 'deactivate':
        return void (await ask(type, (door) => door.deactivateUser({ params, body })));
      case 'reactivate':
        return void (await ask(type, (door) => door.reactivateUser({ params, body })));
      case 'erase': {
        const answer = await ask(type, (door) => door.eraseUser({ params }));
        if (answer?.status !== 202) return;
        told.push({ userId: id, name: 'erased', position: answer.headers.Position });
        return;
      }
      default:
        return type satisfies never;
    }
  }

  const running = Promise.all(
    Array.from({ length: lanes }, async () => {
      while (!stopping.signal.aborted) await act();
    }),
  );
  running.catch(() => undefined);
  const stop = async () => {
    stopping.abort();
    await running;
    return { told, emails, answers };
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

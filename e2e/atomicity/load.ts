import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from '@zameni/contracts';
import type { Random } from '../crash/random.ts';
import { personAt } from '../support/actors.ts';
import type { LinkKind, LinkOptions, Mailboxes } from '../support/mailbox.ts';

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

/** What somebody was told for certain: at this sealed position an account or an attempt is so. */
export type Told = {
  readonly id: string;
  readonly position: string;
} & (
  | { readonly what: 'registered' | 'erased' }
  | { readonly what: 'attempted'; readonly email: string }
);

/** What a load has done. */
export type AtomicHistory = {
  readonly told: readonly Told[];
  readonly emails: readonly string[];
  /** Answers by command and status; `none` where nobody answered in time. */
  readonly answers: ReadonlyMap<string, number>;
};

/** One way in, for callers that vouch and for the public. */
type Door = { readonly operator: Client; readonly anyone: Client };
type Accepted = { readonly id: string; readonly position: string };

/** Load that runs until it is stopped. */
export type AtomicLoad = AsyncDisposable & { readonly stop: () => Promise<AtomicHistory> };

/** Less than a process may take: what nobody waits for any more is decided all the same. */
const DEADLINE_MS = 4_000;
const RETRIES_DEADLINE_MS = 40_000;

/** Commands are mostly about people and addresses of just now, who are likely to meet. */
const RECENT = 12;

const COMMANDS = [
  { share: 20, type: 'register' },
  { share: 38, type: 'attempt' },
  { share: 54, type: 'prove-attempt' },
  { share: 62, type: 'prove-account' },
  { share: 71, type: 'change' },
  { share: 79, type: 'prove-change' },
  { share: 83, type: 'update' },
  { share: 87, type: 'deactivate' },
  { share: 90, type: 'reactivate' },
  { share: 100, type: 'erase' },
] as const;

/** What provers say beside the token, as often as it is listed. */
const SAID = [
  {},
  {},
  { holder: 'confirm' },
  { holder: 'not-mine' },
  { holder: 'not-mine' },
  { notMine: true },
] as const;

/**
 * Sends commands of every kind, about few addresses at a time, so that they meet. A registration that
 * nobody answered is sent again under its key until it is decided; other commands are given up.
 */
export function startAtomicLoad(options: AtomicLoadOptions): AtomicLoad {
  const { urls, token, mailboxes, random, name, lanes } = options;
  const doors = urls.map((baseUrl): Door => {
    const about = { baseUrl, fetch, deadlineMs: DEADLINE_MS };
    return { operator: createClient({ ...about, token }), anyone: createClient(about) };
  });
  const stopping = new AbortController();
  /** Accounts, and the attempts that may become some. */
  const ids: string[] = [];
  const attempts: Accepted[] = [];
  const emails: string[] = [];
  const told: Told[] = [];
  const answers = new Map<string, number>();
  let keys = 0;

  const recent = <Item>(items: readonly Item[]): Item | undefined =>
    items[items.length - 1 - random.below(Math.min(RECENT, items.length))];

  /** Asks by a door of chance; undefined when it stays open what came of it. */
  async function ask<Answer extends { readonly status: number }>(
    what: string,
    call: (door: Door) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const door = doors[random.below(doors.length)];
    // Refused, cut off, late, or the gateway's own words: nobody knows, as for any caller.
    const answer = door && (await call(door).catch(() => undefined));
    const result = `${what} ${answer?.status ?? 'none'}`;
    answers.set(result, (answers.get(result) ?? 0) + 1);
    return answer?.status === 503 ? undefined : answer;
  }

  /** Registers an address until it is decided, vouched for or as the public. */
  async function register(email: string, kind: 'register' | 'attempt'): Promise<void> {
    keys += 1;
    const headers = { 'Idempotency-Key': `all-or-nothing-${name}-${keys}` };
    const request = { body: personAt(email), headers };
    const deadline = performance.now() + RETRIES_DEADLINE_MS;
    while (performance.now() < deadline) {
      const answer = await ask(kind, ({ operator, anyone }) =>
        (kind === 'register' ? operator : anyone).registerPerson(request),
      );
      if (answer?.status === 201) {
        const { userId: id } = answer.body;
        ids.push(id);
        told.push({ id, what: 'registered', position: answer.headers.Position });
      }
      if (answer?.status === 202) {
        const accepted = { id: answer.body.registrationId, position: answer.headers.Position };
        ids.push(accepted.id);
        attempts.push(accepted);
        told.push({ ...accepted, what: 'attempted', email });
      }
      if (answer !== undefined) return;
      await pause(20 + random.below(200));
    }
  }

  async function registerSomebody(kind: 'register' | 'attempt'): Promise<void> {
    const known = recent(emails);
    if (known !== undefined && random.percent(40)) return register(known, kind);
    const email = `person-${emails.length}@h${name}.example.org`;
    emails.push(email);
    const other = random.percent(50) ? kind : 'attempt';
    const both = [register(email, kind), register(email, other)];
    await Promise.all(random.percent(25) ? both : both.slice(0, 1));
  }

  async function prove(id: string, kind: LinkKind): Promise<void> {
    const isNaming = kind === 'registered' && random.percent(50);
    const names = isNaming ? recent(attempts) : undefined;
    const link: LinkOptions = names === undefined ? {} : { names };
    // They may never have asked, may be gone, or the log may have no leader to ask.
    const token = await mailboxes.tokenFor(id, kind, link).catch(() => undefined);
    if (token === undefined) return;
    const said = SAID[random.below(SAID.length)];
    await ask(`prove ${kind}`, ({ anyone }) => anyone.verifyEmail({ body: { token, ...said } }));
  }

  async function act(): Promise<void> {
    const drawn = random.below(100);
    const type = COMMANDS.find(({ share }) => drawn < share)?.type ?? 'register';
    const id = recent(ids);
    if (type === 'register' || type === 'attempt') return registerSomebody(type);
    if (id === undefined) return registerSomebody('register');
    const params = { id };
    const body = { reasonCode: 'test' };
    switch (type) {
      case 'prove-attempt': {
        const attempt = recent(attempts);
        return attempt === undefined ? undefined : prove(attempt.id, 'attempt');
      }
      case 'prove-account':
        return prove(id, 'registered');
      case 'prove-change':
        return prove(id, 'email-change-requested');
      case 'change': {
        const email = recent(emails) ?? '';
        await ask(type, ({ operator }) => operator.changeEmail({ params, body: { email } }));
        return random.percent(70) ? prove(id, 'email-change-requested') : undefined;
      }
      case 'update': {
        const locale = random.percent(50) ? 'sr' : 'en';
        return void (await ask(type, ({ operator }) =>
          operator.updateUser({ params, body: { locale } }),
        ));
      }
      case 'deactivate':
        return void (await ask(type, ({ operator }) => operator.deactivateUser({ params, body })));
      case 'reactivate':
        return void (await ask(type, ({ operator }) => operator.reactivateUser({ params, body })));
      case 'erase': {
        const answer = await ask(type, ({ operator }) => operator.eraseUser({ params }));
        if (answer?.status !== 202) return;
        told.push({ id, what: 'erased', position: answer.headers.Position });
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

import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from '@zameni/contracts';
import { personAt } from '../support/actors.ts';
import type { LinkKind, LinkOptions, Mailboxes } from '../support/mailbox.ts';
import type { Random } from '../support/random.ts';

/** The targets and tokens of a load, and what it is made of. */
export type AtomicLoadOptions = {
  /** The gateway and the processes themselves, so that rivals use different doors. */
  readonly urls: readonly string[];
  readonly token: string;
  readonly mailboxes: Pick<Mailboxes, 'tokenFor'>;
  readonly random: Random;
  /** Part of every address and key, so that runs do not share any. */
  readonly name: string;
  readonly lanes: number;
};

/** A definite answer: at this sealed position an account or an attempt has this state. */
export type DefiniteAnswer = {
  readonly id: string;
  readonly position: string;
} & (
  | { readonly what: 'registered' | 'erased' }
  | { readonly what: 'attempted'; readonly email: string }
);

/** The result of a load. */
export type AtomicHistory = {
  readonly definite: readonly DefiniteAnswer[];
  readonly emails: readonly string[];
  /** Answers by command and status. `none`: no answer in time. */
  readonly answers: ReadonlyMap<string, number>;
};

/** One door for requests, for callers that vouch and for the public. */
type Door = { readonly operator: Client; readonly anyone: Client };
type Accepted = { readonly id: string; readonly position: string };

/** Load that runs until it is stopped. */
export type AtomicLoad = AsyncDisposable & { readonly stop: () => Promise<AtomicHistory> };

/** Less than a process may take: a request is decided even if its caller has gone. */
const DEADLINE_MS = 4_000;
const RETRIES_DEADLINE_MS = 40_000;

/** Commands are mostly about recent people and addresses, so that they conflict. */
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

/** What provers send beside the token, weighted by how often it is listed. */
const SAID = [
  {},
  {},
  { holder: 'confirm' },
  { holder: 'not-mine' },
  { holder: 'not-mine' },
  { notMine: true },
] as const;

/**
 * Sends commands of every kind to a few addresses at a time, so that they conflict. A registration
 * without an answer is sent again under its key until it is decided. Other commands are not
 * retried.
 */
export function startAtomicLoad(options: AtomicLoadOptions): AtomicLoad {
  const { urls, token, mailboxes, random, name, lanes } = options;
  const doors = urls.map((baseUrl): Door => {
    const about = { baseUrl, fetch, deadlineMs: DEADLINE_MS };
    return { operator: createClient({ ...about, token }), anyone: createClient(about) };
  });
  const stopping = new AbortController();
  /** Accounts, and attempts that may become accounts. */
  const ids: string[] = [];
  const attempts: Accepted[] = [];
  const emails: string[] = [];
  const definite: DefiniteAnswer[] = [];
  const answers = new Map<string, number>();
  let keys = 0;

  const recent = <Item>(items: readonly Item[]): Item | undefined =>
    items[items.length - 1 - random.below(Math.min(RECENT, items.length))];

  /** Sends a request to a random door. Returns undefined if the outcome is unknown. */
  async function ask<Answer extends { readonly status: number }>(
    what: string,
    call: (door: Door) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const door = doors[random.below(doors.length)];
    // Refused, cut off, late, or answered by the gateway: the outcome is unknown, as for any
    // caller.
    const answer = door && (await call(door).catch(() => undefined));
    const result = `${what} ${answer?.status ?? 'none'}`;
    answers.set(result, (answers.get(result) ?? 0) + 1);
    return answer?.status === 503 ? undefined : answer;
  }

  /** Registers an address until it is decided, vouched or as the public. */
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
        definite.push({ id, what: 'registered', position: answer.headers.Position });
      }
      if (answer?.status === 202) {
        const accepted = { id: answer.body.registrationId, position: answer.headers.Position };
        ids.push(accepted.id);
        attempts.push(accepted);
        definite.push({ ...accepted, what: 'attempted', email });
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
    // The change may not exist, the person may be gone, or the log may have no leader.
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
        definite.push({ id, what: 'erased', position: answer.headers.Position });
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
    return { definite, emails, answers };
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

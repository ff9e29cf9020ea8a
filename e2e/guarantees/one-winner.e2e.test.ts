import { randomUUID } from 'node:crypto';
import { createClient, SCOPES, type Scope } from '@zameni/contracts';
import test from 'ava';
import { type Accepted, createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { attachSystem } from '../support/system.ts';

const RIVALS = 24;
const ROUNDS = 12;
const COPIES = 50;

const system = await attachSystem();
const actors = await createActors(system, 'one-winner');
const { operator, anyone, attempt, register, tokenFor, join, prove, read, status } = actors;
const token = await system.token(Object.keys(SCOPES) as Scope[], 'one-winner');
/** Every process of the command API, so that rivals meet across processes. */
const doors = system.stack.services
  .filter(({ service }) => service === 'command-api')
  .map(({ url: baseUrl }) => ({
    operator: createClient({ baseUrl, fetch, token }),
    anyone: createClient({ baseUrl, fetch }),
  }));
test.after.always(() => actors[Symbol.asyncDispose]());

/** Spellings of one address that all compare equal: case, and the host in letters or in Punycode. */
function variantsOf(name: string): string[] {
  const local = `rivál.${name}`;
  const hosts = [
    'почта.example.org',
    'xn--80a1acny.example.org',
    'ПОЧТА.Example.ORG',
    'XN--80A1ACNY.example.org',
    'почта。ｅｘａｍｐｌｅ．org',
  ];
  const locals = [local, local.toUpperCase()];
  return locals.flatMap((part) =>
    hosts.flatMap((host) => [`${part}@${host}`, ` ${part}@${host} `]),
  );
}

function variant(name: string, n: number): string {
  const variants = variantsOf(name);
  return variants[n % variants.length] ?? '';
}

function door(n: number) {
  const one = doors[n % doors.length];
  if (one === undefined) throw new Error('there is no command API');
  return one;
}

/** Follows a link at a door. Returns the answer: an account, or a code. */
async function follow(n: number, link: string, said: object = {}): Promise<LinkAnswer> {
  const answer = await door(n).anyone.verifyEmail({ body: { token: link, ...said } });
  if (answer.status !== 202) return { code: answer.code };
  return { userId: answer.body.userId, position: answer.headers.Position };
}

type LinkAnswer =
  | { readonly userId: string; readonly position: string }
  | { readonly code: string; readonly userId?: undefined };

/** The ids of the accounts that finally hold an address, as readers see them. */
async function holdersOf(ids: readonly string[], email: string): Promise<string[]> {
  const { position } = await register(personAt(`end-${randomUUID()}@example.org`));
  const canonical = canonicalOf(email);
  const found = await mapConcurrently(ids, 16, async (id) => {
    const { status: code, body } = await read(id, position);
    const isThere = code === 200 && 'email' in body && body.status === 'active';
    return isThere && canonicalOf(body.email) === canonical ? [id] : [];
  });
  return found.flat();
}

/** The part that differs between the variants. The host, in its Unicode form, is common to all. */
function canonicalOf(email: string): string {
  const [local = '', host = ''] = email.trim().normalize('NFKC').toLowerCase().split('@');
  return `${local}@${host.replace('xn--80a1acny', 'почта').replaceAll('。', '.')}`;
}

test(`${RIVALS} attempts on an address get equal answers, and one is proven`, async (t) => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const emails = Array.from({ length: RIVALS }, (_, n) => variant(`attempts-${round}`, n));
    const rivals = await Promise.all(emails.map((email) => attempt(personAt(email))));
    const links = await Promise.all(rivals.map(({ id }) => tokenFor(id, 'attempt')));
    const answers = await Promise.all(links.map((link, n) => follow(n, link)));
    const winners = answers.filter(({ userId }) => userId !== undefined);
    t.is(winners.length, 1, `round ${round}`);
    for (const one of answers) if ('code' in one) t.is(one.code, 'address-taken');
    const ids = rivals.map(({ id }) => id);
    t.deepEqual(await holdersOf(ids, emails[0] ?? ''), [winners[0]?.userId]);
  }
});

test(`one of attempts, changes, vouched registrations and "not mine" wins`, async (t) => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `all-${round}`;
    const tried: Accepted[] = [];
    const changing: Accepted[] = [];
    const prepare = async (n: number) => {
      tried.push(await attempt(personAt(variant(name, n))));
      const mover = await join(personAt(`mover-${round}-${n}@one-winner.example.org`));
      const body = { email: variant(name, n + 1) };
      await operator.changeEmail({ params: { id: mover.id }, body });
      changing.push(mover);
    };
    await mapConcurrently([...Array(RIVALS / 3).keys()], 4, prepare);
    const attempts = await Promise.all(tried.map(({ id }) => tokenFor(id, 'attempt')));
    const changes = await Promise.all(
      changing.map(({ id }) => tokenFor(id, 'email-change-requested')),
    );
    const said = { holder: 'not-mine' };
    const vouch = async (n: number) => {
      const body = personAt(variant(name, n + 2));
      const answer = await door(n).operator.registerPerson({ body });
      return answer.status === 201 ? [answer.body.userId] : [];
    };
    const [proofs, vouched] = await Promise.all([
      Promise.all([...attempts, ...changes].map((link, n) => follow(n, link, said))),
      Promise.all(attempts.map((_, n) => vouch(n))),
    ]);
    for (const one of proofs) if ('code' in one) t.is(one.code, 'address-taken');
    const winners = proofs.flatMap(({ userId }) => userId ?? []);
    t.is(winners.length, 1, `round ${round}`);
    // The proof disowned an account that was vouched for a moment before.
    const ids = [...tried, ...changing].map(({ id }) => id);
    t.deepEqual(await holdersOf([...ids, ...vouched.flat()], variant(name, 0)), winners);
  }
});

test('of vouched registrations of one address exactly one is accepted', async (t) => {
  const variants = variantsOf('vouched');
  const answers = await Promise.all(
    variants.map((email, n) => door(n).operator.registerPerson({ body: personAt(email) })),
  );
  const statuses = answers.map(({ status: code }) => code);
  t.is(statuses.filter((code) => code === 201).length, 1);
  t.is(statuses.filter((code) => code === 409).length, statuses.length - 1);
});

test('of a concurrent proof and "not mine" one counts, and a second use says which', async (t) => {
  const { id } = await attempt(personAt('ways@one-winner.example.org'));
  const link = await tokenFor(id, 'attempt');
  const ways = [{ notMine: true }, {}] as const;
  const answers = await Promise.all(
    Array.from({ length: RIVALS }, (_, n) => follow(n, link, ways[n % 2])),
  );
  const { position } = await register(personAt('ways-end@one-winner.example.org'));
  const isProven = (await read(id, position)).status === 200;
  const lost = isProven ? 'address-taken' : 'invalid-verification-token';
  const way = isProven ? 1 : 0;
  for (const [n, one] of answers.entries()) {
    if (n % 2 === way) t.is(one.userId, id);
    else t.like(one, { code: lost });
  }
  t.like(await follow(0, link, ways[way]), { userId: id });
});

test(`${COPIES} copies of one idempotent public request are one attempt`, async (t) => {
  const key = 'one-winner-copies-0123456789abcdef';
  const body = personAt('copies@one-winner.example.org');
  const headers = { 'Idempotency-Key': key };
  const answers = await Promise.all(
    Array.from({ length: COPIES }, (_, n) => door(n).anyone.registerPerson({ body, headers })),
  );
  const copies = answers.map((answer) => {
    if (answer.status !== 202) throw new Error(`a copy was answered ${answer.status}`);
    return { id: answer.body.registrationId, position: answer.headers.Position };
  });
  t.is(new Set(copies.map((copy) => JSON.stringify(copy))).size, 1);
  const [first] = copies;
  if (first === undefined) return t.fail();
  t.is(await status(first.id, first.position), 'awaiting-proof');
  const proven = await prove(first.id, 'attempt');
  t.is(proven.userId, first.id);
  const again = await anyone.registerPerson({ body, headers });
  t.is(again.status === 202 ? again.body.registrationId : undefined, first.id);
});

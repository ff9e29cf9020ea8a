import type { RegistrationStatsView, RegistrationSteps } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { attachSystem } from '../support/system.ts';

const actors = await createActors(await attachSystem(), 'stats');
const { operator, anyone, attempt, join, register, prove, tokenFor } = actors;
test.after.always(() => actors[Symbol.asyncDispose]());

/** No other test registers people with these locales, so their counts are exact. */
const locales = { funnel: 'vo', erased: 'ia', late: 'ie', crowd: 'eo-Latn-CH' };

/** Two days hold all of a test, also around midnight. */
const range = {
  from: new Date(Date.now() - 86_400_000).toISOString(),
  to: new Date(Date.now() + 86_400_000).toISOString(),
};

const person = (name: string, locale: string) => ({
  ...personAt(`${name}@stats.example.org`),
  locale,
});

async function read(
  position: string,
  bucket: 'minute' | 'hour' | 'day',
): Promise<RegistrationStatsView> {
  const headers = { 'Min-Position': position, Prefer: 'wait=20' };
  const query = { ...range, bucket, timeZone: 'Europe/Belgrade' };
  const answer = await operator.readRegistrationStats({ query, headers });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.code}`);
  return answer.body;
}

/** The sum of a locale over all buckets; the same for every length of a bucket. */
async function sumOf(
  t: ExecutionContext,
  position: string,
  locale: string,
): Promise<RegistrationSteps> {
  const sums = [];
  for (const bucket of ['minute', 'hour', 'day'] as const) {
    const { buckets } = await read(position, bucket);
    sums.push(
      buckets.reduce(
        (sum, { byLocale }) => ({
          accepted: sum.accepted + (byLocale[locale]?.accepted ?? 0),
          registered: sum.registered + (byLocale[locale]?.registered ?? 0),
          verified: sum.verified + (byLocale[locale]?.verified ?? 0),
        }),
        { accepted: 0, registered: 0, verified: 0 },
      ),
    );
  }
  const [first, ...others] = sums;
  for (const other of others) t.deepEqual(other, first);
  if (first === undefined) throw new Error('there are no sums');
  return first;
}

test('every kind of registration counts once in each step', async (t) => {
  const at = (name: string) => person(`funnel-${name}`, locales.funnel);
  const counted = (position: string) => sumOf(t, position, locales.funnel);
  const waiting = await attempt(at('waiting'), 'stats-funnel-0123456789abcdef');
  t.deepEqual(await counted(waiting.position), { accepted: 1, registered: 0, verified: 0 });
  await attempt(at('waiting'), 'stats-funnel-0123456789abcdef');
  const joined = await join(at('joined'));
  t.deepEqual(await counted(joined.position), { accepted: 2, registered: 1, verified: 1 });
  const vouched = await register(at('vouched'));
  t.deepEqual(await counted(vouched.position), { accepted: 3, registered: 2, verified: 1 });
  const proven = await prove(vouched.id, 'registered');
  t.deepEqual(await counted(proven.position), { accepted: 3, registered: 2, verified: 2 });
  const token = await tokenFor(vouched.id, 'registered');
  const again = await anyone.verifyEmail({ body: { token } });
  const known = await register({ ...at('known'), emailVerified: true });
  t.is(again.status, 202);
  t.deepEqual(await counted(known.position), { accepted: 4, registered: 3, verified: 3 });
});

test('an attempt that confirms an account, and a change of address, prove it once', async (t) => {
  const at = (name: string) => person(`late-${name}`, locales.late);
  const counted = (position: string) => sumOf(t, position, locales.late);
  const holder = await register(at('holder'));
  const rival = await attempt(at('holder'));
  const token = await tokenFor(rival.id, 'attempt');
  const confirmed = await anyone.verifyEmail({ body: { token, holder: 'confirm' } });
  if (confirmed.status !== 202) return t.fail(confirmed.code);
  t.is(confirmed.body.userId, holder.id);
  t.deepEqual(await counted(confirmed.headers.Position), {
    accepted: 2,
    registered: 1,
    verified: 1,
  });
  const moving = await register(at('moving'));
  for (const name of ['moved', 'moved-again']) {
    const params = { id: moving.id };
    await operator.changeEmail({ params, body: { email: at(name).email } });
    const { position } = await prove(moving.id, 'email-change-requested');
    t.deepEqual(await counted(position), { accepted: 3, registered: 2, verified: 2 }, name);
  }
});

test('an erasure changes no count', async (t) => {
  const at = (name: string) => person(`erased-${name}`, locales.erased);
  const joined = await join(at('joined'));
  const waiting = await attempt(at('waiting'));
  const before = await sumOf(t, waiting.position, locales.erased);
  t.deepEqual(before, { accepted: 2, registered: 1, verified: 1 });
  let position = '';
  for (const { id } of [joined, waiting]) {
    const erased = await operator.eraseUser({ params: { id } });
    if (erased.status !== 202) return t.fail(erased.code);
    position = erased.headers.Position;
  }
  t.deepEqual(await sumOf(t, position, locales.erased), before);
});

test('a crowd that registers and proves at once is counted to the last', async (t) => {
  const crowd = Array.from({ length: 100 }, (_, n) => person(`crowd-${n}`, locales.crowd));
  await mapConcurrently(crowd, 16, (body) => join(body));
  const last = await attempt(person('crowd-last', locales.crowd));
  const steps = { accepted: 101, registered: 100, verified: 100 };
  t.deepEqual(await sumOf(t, last.position, locales.crowd), steps);
});

import { createClient } from '@zameni/contracts';
import test from 'ava';
import { mapConcurrently } from './concurrently.ts';
import { attachSystem } from './system.ts';

const RIVALS = 50;
const ROUNDS = 40;

const system = await attachSystem();
const token = await system.token(['registrations:write', 'users:read']);
const publicClient = createClient({ baseUrl: system.gatewayUrl, fetch });
const client = createClient({ baseUrl: system.gatewayUrl, fetch, token });

type Accepted = {
  readonly registrationId: string;
  readonly position: string;
};

/** Ways to write one address that all compare equal: case, width, composition, IDN. */
function variantsOf(round: number): string[] {
  const local = `rivál.${round}`;
  const hosts = ['почта.example.org', 'xn--80a1acny.example.org', 'ПОЧТА.Example.ORG'];
  const locals = [
    local,
    local.toUpperCase(),
    local.normalize('NFD'),
    local.normalize('NFD').toUpperCase(),
    local.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
  ];
  return locals.flatMap((part) =>
    hosts.flatMap((host) => [`${part}@${host}`, ` ${part}@${host} `]),
  );
}

async function register(email: string, key?: string): Promise<Accepted> {
  const answer = await publicClient.registerPerson({
    body: { email, displayName: 'Rival', locale: 'de', termsVersion: '2026-01' },
    headers: { 'Idempotency-Key': key },
  });
  if (answer.status !== 202) throw new Error(`answered ${answer.status}`);
  return { registrationId: answer.body.registrationId, position: answer.headers.Position };
}

function toRead({ registrationId, position }: Accepted) {
  const headers = { 'Min-Position': position, Prefer: 'wait=30' };
  return { params: { id: registrationId }, headers };
}

test(`of ${RIVALS} rivals for one address exactly one person comes to be, ${ROUNDS} times`, async (t) => {
  const winners: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const variants = variantsOf(round);
    const emails = Array.from({ length: RIVALS }, (_, n) => variants[n % variants.length] ?? '');
    const accepted = await Promise.all(emails.map((email) => register(email)));
    const results = await mapConcurrently(accepted, RIVALS, async (one) => {
      const registration = await client.readRegistration(toRead(one));
      if (registration.status !== 200) return `registration ${registration.status}`;
      const user = await client.readUser(toRead(one));
      const { status, outcome } = registration.body;
      return `${status} ${outcome?.result} ${user.status}`;
    });
    winners.push(results.filter((result) => result === 'processed registered 200').length);
    // Nobody is refused before the mailbox is proven: every rival still may prove it.
    const waiting = results.filter((result) => result === 'processed pending 404').length;
    t.is(waiting, RIVALS - 1, `round ${round}`);
  }
  t.deepEqual(
    winners,
    Array.from({ length: ROUNDS }, () => 1),
  );
});

test('callers with the scope are told who has the address and who waits for proof', async (t) => {
  const answers = await Promise.all(
    variantsOf(ROUNDS).map((email) =>
      client.registerPerson({
        body: { email, displayName: 'Rival', locale: 'de', termsVersion: '2026-01' },
        headers: { Prefer: 'wait=10' },
      }),
    ),
  );
  const told = answers.map(({ status }) => status);
  t.is(told.filter((status) => status === 201).length, 1);
  t.is(told.filter((status) => status === 202).length, told.length - 1);
  const ids = answers.flatMap((answer) => {
    if (answer.status === 201) return answer.body.userId;
    return answer.status === 202 ? answer.body.registrationId : [];
  });
  const people = await Promise.all(ids.map((id) => client.readUser({ params: { id } })));
  t.deepEqual(
    people.map(({ status }) => status),
    told.map((status) => (status === 201 ? 200 : 404)),
  );
});

test('fifty copies of one idempotent request get one answer and make one person', async (t) => {
  const key = 'one-winner-copies-0123456789abcdef';
  const copies = await Promise.all(
    Array.from({ length: RIVALS }, () => register('copies@example.org', key)),
  );
  t.is(new Set(copies.map((copy) => JSON.stringify(copy))).size, 1);
  const [first] = copies;
  if (first === undefined) return t.fail();
  t.is((await client.readUser(toRead(first))).status, 200);
});

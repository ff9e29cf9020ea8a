import type { RegistrationAccepted, RegistrationView } from '@zameni/contracts';
import test from 'ava';
import { mapConcurrently } from './concurrently.ts';
import { attachSystem } from './system.ts';

const RIVALS = 50;
const ROUNDS = 40;

const system = await attachSystem();
const token = await system.token(['registrations:write', 'users:read']);

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

async function register(email: string, headers: Record<string, string> = {}): Promise<Accepted> {
  const response = await fetch(`${system.gatewayUrl}/v1/registrations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ email, displayName: 'Rival', locale: 'de', termsVersion: '2026-01' }),
  });
  if (response.status !== 202) throw new Error(`answered ${response.status}`);
  const { registrationId } = (await response.json()) as RegistrationAccepted;
  return { registrationId, position: response.headers.get('position') ?? '' };
}

function read(path: string, position: string): Promise<Response> {
  return fetch(`${system.gatewayUrl}${path}`, {
    headers: { authorization: `Bearer ${token}`, 'min-position': position, prefer: 'wait=30' },
  });
}

test(`of ${RIVALS} rivals for one address exactly one person comes to be, ${ROUNDS} times`, async (t) => {
  const winners: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const variants = variantsOf(round);
    const emails = Array.from({ length: RIVALS }, (_, n) => variants[n % variants.length] ?? '');
    const accepted = await Promise.all(emails.map((email) => register(email)));
    const results = await mapConcurrently(
      accepted,
      RIVALS,
      async ({ registrationId, position }) => {
        const registration = await read(`/v1/registrations/${registrationId}`, position);
        const view = (await registration.json()) as RegistrationView;
        const user = await read(`/v1/users/${registrationId}`, position);
        await user.arrayBuffer();
        return `${view.status} ${view.outcome?.result} ${user.status}`;
      },
    );
    winners.push(results.filter((result) => result === 'processed registered 200').length);
    const losers = results.filter((result) => result === 'processed refused 404').length;
    t.is(losers, RIVALS - 1, `round ${round}`);
  }
  t.deepEqual(
    winners,
    Array.from({ length: ROUNDS }, () => 1),
  );
});

test('fifty copies of one idempotent request get one answer and make one person', async (t) => {
  const key = { 'idempotency-key': 'one-winner-copies-0123456789abcdef' };
  const copies = await Promise.all(
    Array.from({ length: RIVALS }, () => register('copies@example.org', key)),
  );
  t.is(new Set(copies.map((copy) => JSON.stringify(copy))).size, 1);
  const [first] = copies;
  const user = await read(`/v1/users/${first?.registrationId}`, first?.position ?? '');
  t.is(user.status, 200);
});

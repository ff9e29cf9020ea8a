import { randomBytes, randomUUID } from 'node:crypto';
import type { UserId } from '@zameni/contracts';
import { createPositions, createRegistrationIds, type KeyRing } from '@zameni/runtime';
import test from 'ava';
import { registrationRoutes } from './registration-routes.ts';
import { createRouteApp } from './route-app.fixture.ts';

const ring: KeyRing = { current: '1', keys: new Map([['1', randomBytes(32)]]) };
const registrationIds = createRegistrationIds(ring);
const positions = createPositions(ring);
// A UUID is a user id.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const id = registrationIds.fromRandom(randomUUID() as UserId);

/** The route over stores without the registration. */
async function createTestApp() {
  const asked: string[] = [];
  const app = createRouteApp();
  await app.register(
    registrationRoutes({
      positions,
      registrationIds,
      readView: async () => {
        asked.push('stores');
        return { position: 42, modelVersion: 1, view: 'absent' };
      },
      isInLog: async () => {
        asked.push('log');
        return true;
      },
      wasInLog: async () => {
        asked.push('memory');
        return false;
      },
    }),
  );
  const get = (of: string, headers: Record<string, string> = {}) =>
    app.inject({ url: `/v1/registrations/${of}`, headers });
  return { get, asked };
}

test('no store is asked for a registration whose id was made up', async (t) => {
  const { get, asked } = await createTestApp();
  const changed = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
  for (const made of [randomUUID(), randomUUID().toUpperCase(), changed, 'x']) {
    for (const headers of [{}, { 'min-position': positions.seal(40), prefer: 'wait=9' }]) {
      const response = await get(made, headers);
      t.is(response.statusCode, 404);
      t.is(response.json<{ code: string }>().code, 'registration-not-found');
    }
  }
  t.deepEqual(asked, []);
});

test('an id of ours is looked for, in either case', async (t) => {
  const { get, asked } = await createTestApp();
  t.is((await get(id)).statusCode, 404);
  t.is((await get(id.toUpperCase())).statusCode, 404);
  t.deepEqual(asked, ['stores', 'memory', 'stores', 'memory']);
});

test('with a position the log itself is asked', async (t) => {
  const { get, asked } = await createTestApp();
  const fresh = await get(id, { 'min-position': positions.seal(40) });
  t.deepEqual(fresh.json(), { registrationId: id, status: 'accepted' });
  t.deepEqual(asked, ['stores', 'log']);
});

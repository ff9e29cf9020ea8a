import type { UserId } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { createApi, operator } from '../testing/api.fixture.ts';

type Api = ReturnType<typeof createApi>;

const erase = (api: Api, id: UserId) =>
  api.send({ method: 'DELETE', url: `/v1/users/${id}`, headers: operator });

/** An attempt on an address whose later owner was erased. Nothing is deleted yet. */
async function attemptBeforeErasure(t: ExecutionContext) {
  const api = createApi(t);
  const older = await api.attempt();
  t.is((await erase(api, await api.join())).statusCode, 202);
  return { api, older };
}

test('a link from before an erasure proves nothing', async (t) => {
  const { api, older } = await attemptBeforeErasure(t);
  t.is((await api.prove(older)).statusCode, 422);
});

test('a link from before an erasure proves nothing while another account holds the address', async (t) => {
  const { api, older } = await attemptBeforeErasure(t);
  await api.register();
  t.is((await api.prove(older)).statusCode, 422);
  t.is((await api.prove(older, { holder: 'not-mine' })).statusCode, 422);
  t.is((await api.prove(older, { holder: 'confirm' })).statusCode, 422);
});

test('a link from before an erasure proves nothing after another account released the address', async (t) => {
  const { api, older } = await attemptBeforeErasure(t);
  const other = await api.register();
  t.is((await api.confirm(other, {}, { notMine: true })).statusCode, 202);
  t.is((await api.prove(older)).statusCode, 422);
});

test('an attempt from after the erasure is proven like any other', async (t) => {
  const { api } = await attemptBeforeErasure(t);
  t.is((await api.prove(await api.attempt())).statusCode, 202);
});

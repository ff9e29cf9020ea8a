import { parseClaimRecord, parseDeletionRecord, parseOrThrow, recordKind } from '@zameni/contracts';
import test from 'ava';
import { readAll } from '../log/log.fixture.ts';
import { createApi, operator, person } from '../testing/api.fixture.ts';

const email = 'vera@example.net';
const isChange = { email, name: 'email-change-requested' } as const;

test('a former claim is reserved behind the deletion record that has its older records deleted', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  await api.send({ url: `/v1/users/${userId}/email-changes`, body: { email }, headers: operator });
  const before = await api.head();
  t.is((await api.confirm(userId, isChange)).statusCode, 202);
  const records = (await readAll(api.log)).filter(({ position }) => position > before);
  t.deepEqual(
    records.map(({ subject }) => recordKind(subject)),
    ['claim', 'deletion', 'claim', 'account'],
  );
  const [taken, deletion, reserved, event] = records;
  if (!taken || !deletion || !reserved || !event) return t.fail();
  t.like(parseOrThrow(parseClaimRecord, taken), { state: 'held', userId, verified: true });
  const former = api.claimOf(person.email);
  t.deepEqual(parseOrThrow(parseDeletionRecord, deletion), {
    claims: [former],
    people: [],
    attempts: [],
    addresses: [],
  });
  const { until, ...rest } = { until: '', ...parseOrThrow(parseClaimRecord, reserved) };
  t.deepEqual(rest, { state: 'held', userId: String(userId), verified: true });
  t.true(reserved.subject.endsWith(former));
  const leftMs = Date.parse(until) - Date.now();
  t.true(leftMs > 71 * 3_600_000 && leftMs <= 72 * 3_600_000);
});

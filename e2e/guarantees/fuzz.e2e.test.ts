import type { RegisterCommand, UserView } from '@zameni/contracts';
import test from 'ava';
import fc from 'fast-check';
import { mapConcurrently } from '../support/concurrently.ts';
import { compareWithView } from '../fuzz/stored.ts';
import { type ContractOperation, readContract } from '../fuzz/contract.ts';
import { prepareKnown } from '../fuzz/known.ts';
import { rawRequests } from '../fuzz/raw.ts';
import { nearValidRequests, validRequests } from '../fuzz/requests.ts';
import { runFuzz } from '../fuzz/run.ts';
import { headerOf } from '../fuzz/wire.ts';
import { attachSystem } from '../support/system.ts';

const COUNT = Number(process.env['ZAMENI_FUZZ_REQUESTS'] ?? 5_000);
const SEED = Number(process.env['ZAMENI_SEED'] ?? Date.now() % 2 ** 31);
const LANES = 16;

/** Milliseconds for all requests: ten times the duration when this was written. */
const DEADLINE_MS = 60_000 + COUNT * 30;

/** Number of accepted people that are read back. */
const MAX_READ_BACK = 2_000;

const system = await attachSystem();

/** Weights: operations with a body can fail in more ways, public ones most. */
function weightOf({ id, body }: ContractOperation): number {
  if (id === 'registerPerson') return 24;
  return body === undefined ? 2 : 6;
}

test(`${COUNT} requests made from the OpenAPI document are answered as it says`, async (t) => {
  t.timeout(DEADLINE_MS + 60_000);
  t.log(`ZAMENI_SEED=${SEED}`);
  const document: unknown = await (await fetch(`${system.gatewayUrl}/openapi.json`)).json();
  const contract = readContract(document);
  const known = await prepareKnown(system);
  const ofEach = (requestsOf: typeof validRequests) =>
    fc.oneof(
      ...contract.map((operation) => ({
        weight: weightOf(operation),
        arbitrary: requestsOf(operation, known),
      })),
    );
  const valid = ofEach(validRequests);
  const requests = fc.oneof(
    { weight: 7, arbitrary: valid },
    { weight: 9, arbitrary: ofEach(nearValidRequests) },
    { weight: 4, arbitrary: rawRequests(valid, known.targets) },
  );
  const accepted = new Map<string, RegisterCommand>();
  const statuses = new Map<string, number>();
  let position = known.position;
  const startedAt = performance.now();
  const { sent, findings } = await runFuzz({
    contract,
    requests,
    count: COUNT,
    seed: SEED,
    lanes: LANES,
    deadlineMs: DEADLINE_MS,
    onAnswered: ({ kind, body }, { answers }) => {
      const [answer] = answers;
      const status = `${kind} ${answer?.status ?? 'closed'}`;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (kind === 'raw' || answer?.status !== 201 || body === undefined) return;
      const { userId } = JSON.parse(answer.body.toString('utf8')) as { userId: string };
      if (accepted.size < MAX_READ_BACK) accepted.set(userId, JSON.parse(body.toString('utf8')));
      position = headerOf(answer, 'position') ?? position;
    },
  });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  t.log(
    `${sent} requests in ${seconds} s`,
    Object.fromEntries([...statuses].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  );
  t.deepEqual(findings, [], `run again with ZAMENI_SEED=${SEED}`);
  t.is(sent, COUNT);

  const readBack = await mapConcurrently([...accepted], LANES, async ([id, command]) => {
    const response = await fetch(`${system.gatewayUrl}/v1/users/${id}`, {
      headers: {
        authorization: `Bearer ${known.token}`,
        'min-position': position,
        prefer: 'wait=30',
      },
    });
    if (response.status !== 200) return [`${id} is answered ${response.status}`];
    return compareWithView(command, (await response.json()) as UserView);
  });
  t.log(`${readBack.length} people read back`);
  t.deepEqual(readBack.flat(), []);
  t.true(readBack.length > 0);
});

import { randomBytes } from 'node:crypto';
import {
  ClaimRecord,
  parseUserId,
  type RecordKind,
  recordKind,
  subjectFilters,
  type UserId,
} from '@zameni/contracts';
import {
  CLAIM_PHASE_NAMES,
  createValidator,
  type PepperRing,
  toClaimLayers,
  toClaimLayout,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { moveClaims } from '../../../projector/src/rotation/claim-mover.ts';
import { readAll, signal } from '../log/log.fixture.ts';
import { createApi, operator, person } from '../testing/api.fixture.ts';
import { createRandom } from '../testing/random.fixture.ts';
import { createAttemptRing, createRing } from '../testing/rings.fixture.ts';

const headers = operator;
const addresses = Array.from({ length: 8 }, (_, n) => `busy-${n}@example.org`);
/** Addresses that are proven before the rotation and never written to afterwards. */
const quiet = ['quiet-1@example.org', 'quiet-2@example.org'];
const MAX_COMMANDS_A_ROUND = 8;
const MAX_ROUNDS = 400;

/** The ring at each step of a rotation: before it, in each phase, after it. */
function createStages(): readonly PepperRing[] {
  const keys = new Map([
    ['1', randomBytes(32)],
    ['2', randomBytes(32)],
  ]);
  const layers = ['1', '2'];
  return [
    { current: '1', keys: new Map([...keys].slice(0, 1)), layers: ['1'] },
    ...CLAIM_PHASE_NAMES.map((phase): PepperRing => ({ current: '1', keys, layers, phase })),
    { current: '2', keys, layers },
  ];
}

/** Two command APIs on one log, each at its own stage, beside a worker and an eraser. */
function createRotation(t: ExecutionContext, random: (below: number) => number) {
  const log = createMemoryLog();
  const stages = createStages();
  const at: [number, number] = [0, 0];
  const ringOf = (stage: number): PepperRing => stages[stage] ?? { ...createRing(), layers: ['1'] };
  const shared = {
    log,
    kek: createRing(),
    attemptRing: createAttemptRing(),
    verificationRing: createRing(),
    positionRing: createRing(),
  };
  const apis = ([0, 1] as const).map((n) =>
    createApi(t, { ...shared, peppers: { current: () => ringOf(at[n]) } }),
  );
  const [first] = apis;
  if (first === undefined) throw new Error('there are two');
  const validate = createValidator(ClaimRecord);
  let done = -1;
  let erasedTo = 0;

  const parse = (data: Uint8Array): ClaimRecord => {
    const record: ClaimRecord = JSON.parse(Buffer.from(data).toString());
    if (validate(record) !== undefined) throw new Error('a claim is not of our form');
    return record;
  };
  const claimRecords = async () =>
    (await readAll(log)).filter(({ subject }) => recordKind(subject) === 'claim');

  /** Takes both processes to the last stage, each step after the work is done. */
  async function finish(): Promise<void> {
    while (at.some((stage) => stage < stages.length - 1)) {
      await work();
      await erase();
      advance();
    }
  }

  /** Does the worker's job at the stages of both processes. */
  async function work(): Promise<void> {
    const stage = at[random(2)] ?? 0;
    const isEverybodyThere = at[0] === stage && at[1] === stage;
    const layers = toClaimLayers(ringOf(stage));
    if (layers === undefined) return;
    const records = await claimRecords();
    let found = 0;
    for (let start = 0; start < records.length; start += 5) {
      const some = records.slice(start, start + 5);
      const moving = { layers, records: some, onUnreadable: () => undefined };
      const deps = { log, deletion: log, now: () => new Date() };
      found += await moveClaims(deps, moving, signal);
    }
    if (found === 0 && isEverybodyThere && at[0] === at[1]) done = stage;
  }

  /** Does the eraser's job: deletes released claims up to their release. */
  async function erase(): Promise<void> {
    for (const { subject, position, data } of await claimRecords()) {
      if (position <= erasedTo) continue;
      if (parse(data).state === 'released') await log.deleteUpTo(subject, position, signal);
      erasedTo = position;
    }
  }

  /** Advances one process if the other has caught up and the worker is done. */
  function advance(): void {
    if (at[0] !== at[1]) {
      at[at[0] < at[1] ? 0 : 1] += 1;
      return;
    }
    const { phase } = ringOf(at[0]);
    const isWorkDone = (phase !== 'copy' && phase !== 'delete') || done === at[0];
    if (isWorkDone && at[0] < stages.length - 1) at[random(2) === 0 ? 0 : 1] += 1;
  }

  const claimOf = (email: string) => first.digests.claimOf(email);
  /** The state of an address as one process sees it. */
  async function believedBy(n: 0 | 1, email: string) {
    const { believed } = toClaimLayout(ringOf(at[n])).placeOf(claimOf(email));
    const record = await log.readLastFromLeader(believed, signal);
    const claim = record === undefined ? undefined : parse(record.data);
    return claim?.state === 'held' ? claim : undefined;
  }

  return {
    apis,
    first,
    claimOf,
    believedBy,
    claimRecords,
    work,
    erase,
    advance,
    finish,
    at,
    isOver: () => at.every((stage) => stage === stages.length - 1),
    oldLayer: toClaimLayers(ringOf(CLAIM_PHASE_NAMES.indexOf('delete') + 1)),
    log,
  };
}

type Rotation = ReturnType<typeof createRotation>;

async function idsIn({ log }: Rotation, kind: RecordKind = 'account'): Promise<UserId[]> {
  const ids = (await readAll(log)).flatMap(({ subject }) =>
    recordKind(subject) === kind ? (parseUserId(subject.split('.').at(-1) ?? '') ?? []) : [],
  );
  return [...new Set(ids)];
}

/** Checks that both processes see the same holder of each address: the account that holds it. */
async function check(t: ExecutionContext, rotation: Rotation, ids: readonly UserId[]) {
  const people = await Promise.all(
    ids.map(async (userId) => ({ userId, ...(await rotation.first.readPerson(userId)) })),
  );
  for (const email of [...addresses, ...quiet]) {
    const claim = await rotation.believedBy(0, email);
    const about = `${email} at ${rotation.at.join(' and ')}`;
    t.deepEqual(await rotation.believedBy(1, email), claim, `two minds about ${about}`);
    const owners = people.filter(
      ({ state, person: loaded }) =>
        'holdsAddress' in state &&
        state.holdsAddress &&
        loaded?.data?.claim === rotation.claimOf(email),
    );
    t.deepEqual(
      owners.map(({ userId }) => userId),
      claim === undefined ? [] : [claim.userId],
      `claim and accounts differ about ${about}`,
    );
  }
}

/** Sends one random command to one of the two processes, about existing data. */
async function command(
  { apis }: Rotation,
  { ids, attempts }: { readonly ids: readonly UserId[]; readonly attempts: readonly UserId[] },
  random: (n: number) => number,
) {
  const api = apis[random(2)];
  const email = addresses[random(addresses.length)] ?? '';
  const userId = ids[random(ids.length)];
  const attempt = attempts[random(attempts.length)];
  if (api === undefined) return undefined;
  if (userId === undefined || attempt === undefined) {
    return api.post({ ...person, email }, random(2) === 0 ? headers : {});
  }
  const url = `/v1/users/${userId}`;
  switch (random(10)) {
    case 0:
    case 1:
      return api.send({ method: 'DELETE', url, headers });
    case 2:
      return api.send({ url: `${url}/email-changes`, body: { email }, headers });
    case 3:
      return api.confirm(userId, { email, name: 'email-change-requested' });
    case 4:
      return api.confirm(userId, { email }, { notMine: random(2) === 0 });
    case 5:
      return api.prove(attempt, { holder: random(2) === 0 ? 'confirm' : 'not-mine' });
    case 6:
    case 7:
      return api.prove(attempt);
    case 8:
      return api.post({ ...person, email });
    default:
      return api.post({ ...person, email }, headers);
  }
}

for (const behind of [0, 1, 2, 3, 4, 5, 6]) {
  for (const [taking, releasing] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const who = taking === 0 ? 'the one behind takes' : 'the one ahead takes';
    test(`the other process refuses and releases what ${who} (steps ${behind} and ${behind + 1})`, async (t) => {
      const rotation = createRotation(t, createRandom(behind));
      const [taker, releaser] = [rotation.apis[taking], rotation.apis[releasing]];
      if (taker === undefined || releaser === undefined) return t.fail('there are two');
      while (rotation.at[0] < behind) {
        await rotation.work();
        rotation.advance();
        if (rotation.at[0] !== rotation.at[1])
          rotation.at[0] = rotation.at[1] = Math.max(...rotation.at);
      }
      rotation.at[1] = behind + 1;
      const [gone = '', kept = ''] = addresses;
      const taken = [];
      for (const email of [gone, kept]) {
        taken.push(await taker.join(email));
        t.is((await releaser.post({ ...person, email }, headers)).statusCode, 409);
        t.is((await releaser.prove(await releaser.attempt(email))).statusCode, 409);
      }
      await releaser.send({ method: 'DELETE', url: `/v1/users/${taken[0]}`, headers });
      await rotation.finish();
      await check(t, rotation, taken);
      for (const api of rotation.apis) {
        t.is((await api.post({ ...person, email: kept }, headers)).statusCode, 409);
      }
      await taker.join(gone);
      await check(t, rotation, await idsIn(rotation));
    });
  }
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`a rotation in progress gives no address to two accounts and blocks none (seed ${seed})`, async (t) => {
    const random = createRandom(seed);
    const rotation = createRotation(t, random);
    for (const email of quiet) await rotation.first.join(email);
    const settled = await idsIn(rotation);
    let rounds = 0;
    let left = 4;
    while (left > 0) {
      rounds += 1;
      if (rounds > MAX_ROUNDS) return t.fail('the rotation does not end');
      if (rotation.isOver()) left -= 1;
      const ids = (await idsIn(rotation)).filter((userId) => !settled.includes(userId));
      const attempts = (await idsIn(rotation, 'attempt')).filter((id) => !settled.includes(id));
      // Steps happen while commands run, because processes read a ring at any time.
      const commands = Array.from({ length: random(MAX_COMMANDS_A_ROUND) }, () =>
        command(rotation, { ids, attempts }, random),
      );
      if (random(2) === 0 && rounds > 3) rotation.advance();
      const ended = await Promise.all([
        ...commands,
        random(2) === 0 ? rotation.work() : undefined,
        random(2) === 0 ? rotation.erase() : undefined,
      ]);
      for (const response of ended) {
        if (response !== undefined) t.not(response.statusCode, 500, response.body);
      }
      await check(t, rotation, await idsIn(rotation));
    }
    await rotation.erase();
    for (const { subject } of await rotation.claimRecords()) {
      t.is(rotation.oldLayer?.toNew(subject), undefined, 'a claim is left in the old layer');
      t.true(subject.startsWith(subjectFilters.claims.replace('*', '')));
    }
  });
}

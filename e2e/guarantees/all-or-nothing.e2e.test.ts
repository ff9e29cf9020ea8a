import { randomInt, randomUUID } from 'node:crypto';
import { subjectFilters } from '@zameni/contracts';
import { createDigests, createPositions, readKeyRing, readPepperRing } from '@zameni/runtime';
import { connectTestNats, insist, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { type Accepted, type Actors, createActors, personAt } from '../support/actors.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { findTorn } from '../atomicity/check.ts';
import { disturb } from '../atomicity/disturb.ts';
import { followLog } from '../atomicity/follow.ts';
import { sendHalf } from '../atomicity/half-batch.ts';
import { startAtomicLoad } from '../atomicity/load.ts';
import { openRecords, toCommits } from '../atomicity/log.ts';
import { findUntrueAnswers } from '../atomicity/check-answers.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { findLeader, kill } from '../support/kills.ts';
import { createRandom } from '../support/random.ts';
import { readRows } from '../crash/rows.ts';
import { createLogOpener, readLog } from '../log/stores.ts';
import { checkStores } from '../history/check-stores.ts';
import type { LogFacts } from '../history/types.ts';
import { openMailboxes } from '../support/mailbox.ts';
import { attachSystem } from '../support/system.ts';

const SECONDS = Number(process.env['ZAMENI_ATOMIC_SECONDS'] ?? 12);
const SEED = Number(process.env['ZAMENI_SEED'] ?? randomInt(2 ** 32));

const LANES = 24;
const RECOVERY_DEADLINE_MS = 60_000;
/** Addresses that are registered once more at the end. */
const MAX_ASKED_AGAIN = 150;

const system = await attachSystem();
const { stack } = system;
const positions = createPositions(readKeyRing(stack.keys.positionKeyFile));
const digests = createDigests(readPepperRing(stack.keys.pepperFile));

test.serial(
  `no commit is incomplete in the log after ${SECONDS} s of killed and paused processes`,
  async (t) => {
    t.timeout(SECONDS * 1_000 + 4 * RECOVERY_DEADLINE_MS);
    t.log(`repeat what chance chose with --seed ${SEED}`);
    await using actors = await createActors(system, 'all-or-nothing');
    await using mailboxes = await openMailboxes(stack);
    await using admin = await openAdminLog(stack, 'all-or-nothing');
    await using follower = await followLog(admin.log);
    const apis = stack.services.filter(({ service }) => service === 'command-api');
    t.true(apis.length >= 2, 'rivals meet across processes');
    await using load = startAtomicLoad({
      urls: [system.gatewayUrl, ...apis.map(({ url }) => url)],
      token: await system.token([
        'registrations:write',
        'users:write',
        'users:admin',
        'users:erase',
      ]),
      mailboxes,
      random: createRandom(SEED + 100),
      name: `${SEED}-${Date.now()}`,
      lanes: LANES,
    });
    for (const { name, what, atMs, forMs } of await disturb(SEED, SECONDS * 1_000)) {
      t.log(`${seconds(atMs)} ${name} ${what} for ${seconds(forMs)}`);
    }
    const { definite, emails, answers } = await load.stop();
    t.log(
      [...answers]
        .map(([answer, count]) => `${answer}: ${count}`)
        .toSorted()
        .join(', '),
    );

    // The last event of all, so that everything before it has been read and is projected.
    const end = await register(actors, `end@h${SEED}.example.org`);
    const head = positions.open(end.position) ?? 0;
    const records = await follower.readTo(head, RECOVERY_DEADLINE_MS);
    const opened = openRecords(records, createLogOpener(stack));
    const commits = toCommits(opened, follower.after);
    const seen = commits.filter(({ isWhole }) => isWhole).length;
    t.log(`${commits.length} commits, ${seen} of them seen whole`);
    t.true(seen > SECONDS && seen > commits.length / 2, 'enough commits were seen');
    t.deepEqual(findTorn(commits), []);
    t.deepEqual(
      findUntrueAnswers(definite, opened, {
        openPosition: positions.open,
        claimOf: digests.claimOf,
      }),
      [],
    );

    await waitUntil(
      async () => (await readRows(stack)).checkpoint >= head,
      RECOVERY_DEADLINE_MS,
    ).catch(() => t.fail('the projection has not reached the end of the log'));
    await waitUntil(async () => {
      const signal = AbortSignal.timeout(RECOVERY_DEADLINE_MS);
      return (await admin.log.readFirst(subjectFilters.deletions, signal)) === undefined;
    }).catch(() => t.fail('something is still to be deleted'));
    // The log of a whole run is long, so it is read once.
    const log = await readLog(stack);
    t.deepEqual(keysOfTheErased(log), [], 'the eraser has left keys');
    t.deepEqual(checkStores({ log, rows: (await readRows(stack)).rows }), []);

    const asked = createRandom(SEED).shuffle(emails).slice(0, MAX_ASKED_AGAIN);
    const blocked = await mapConcurrently(asked, LANES, async (email) => {
      const expected = statusOf(log, email);
      // A key allows a retry if the answer was lost on a connection that died.
      const headers = { 'Idempotency-Key': randomUUID() };
      const answer = await waitForAnswer(() =>
        actors.operator.registerPerson({ body: personAt(email), headers }),
      );
      return answer.status === expected
        ? []
        : [`${email}: ${answer.status} instead of ${expected}`];
    });
    t.deepEqual(blocked.flat(), []);
  },
);

test.serial('a batch whose leader is killed in the middle is not continued', async (t) => {
  t.timeout(3 * RECOVERY_DEADLINE_MS);
  await using actors = await createActors(system, 'leader-killed');
  await using admin = await openAdminLog(stack, 'leader-killed');
  const nc = await connectTestNats(t, 'command-api');
  const [taken, free] = ['taken', 'free'].map((name) => `${name}@leader-killed.example.org`);
  const ofTaken = await sendHalf(nc, stack, taken ?? '');
  const ofFree = await sendHalf(nc, stack, free ?? '');
  await kill(await findLeader(stack), performance.now());
  const { id } = await register(actors, taken ?? '');
  for (const half of [ofTaken, ofFree]) {
    const { status } = await half.goOn();
    t.not(status, 'appended');
  }
  const read = (subject: string) =>
    admin.log.readLastFromLeader(subject, AbortSignal.timeout(RECOVERY_DEADLINE_MS));
  const [claim, ...others] = await waitForAnswer(() =>
    Promise.all([...ofTaken.subjects, ...ofFree.subjects].map(read)),
  );
  t.true(Buffer.from(claim?.data ?? '').includes(id));
  t.deepEqual(
    others.map((record) => record?.subject),
    others.map(() => undefined),
  );
  // Throws if the address is taken.
  await register(actors, free ?? '');
});

test.serial(
  'exactly one of the proofs of one address counts, also when the leader is killed',
  async (t) => {
    t.timeout(3 * RECOVERY_DEADLINE_MS);
    await using actors = await createActors(system, 'winner-leader');
    const { attempt, tokenFor, anyone } = actors;
    const email = 'winner@leader-killed.example.org';
    const rivals = await Promise.all(
      Array.from({ length: LANES }, () => {
        const key = randomUUID();
        return waitForAnswer(() => attempt(personAt(email), key));
      }),
    );
    const links = await Promise.all(rivals.map(({ id }) => tokenFor(id, 'attempt')));
    const killed = kill(await findLeader(stack), performance.now());
    const proofs = await Promise.all(
      links.map((token) =>
        waitForAnswer(async () => {
          const answer = await anyone.verifyEmail({ body: { token } });
          return answer.status === 202 || answer.status === 409 ? answer : undefined;
        }),
      ),
    );
    await killed;
    t.is(proofs.filter(({ status }) => status === 202).length, 1);
    const { position } = await register(actors, `after-${email}`);
    const seen = await mapConcurrently(rivals, LANES, ({ id }) => actors.read(id, position));
    t.deepEqual(
      seen.map(({ status }) => status === 200),
      proofs.map(({ status }) => status === 202),
    );
  },
);

function keysOfTheErased({ accounts, keys }: LogFacts): string[] {
  const erased = new Set(accounts.flatMap(({ id, isErased }) => (isErased ? id : [])));
  return keys.map(({ userId }) => userId).filter((userId) => erased.has(userId));
}

/** The answer to a vouched registration of an address: it is free or held. */
function statusOf({ claims }: LogFacts, email: string): number {
  const claim = claims.find(({ k }) => k === digests.claimOf(email))?.record;
  return claim === undefined || claim.state === 'released' ? 201 : 409;
}

/** A registration that got 503 may be in the log, so it is repeated with its key. */
function register(actors: Actors, email: string): Promise<Accepted> {
  const key = randomUUID();
  return waitForAnswer(() => actors.register(personAt(email), key));
}

/** Retries: the services may not answer right after a disturbance. */
async function waitForAnswer<Answer>(ask: () => Promise<Answer | undefined>): Promise<Answer> {
  return insist(async () => {
    const answer = await ask();
    if (answer === undefined) throw new Error('there is no answer yet');
    return answer;
  }, RECOVERY_DEADLINE_MS);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

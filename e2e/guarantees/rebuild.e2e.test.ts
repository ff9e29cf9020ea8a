import { randomUUID } from 'node:crypto';
import { openSuperuserPool, readTestStack, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { projectorsOf, untilActive } from '../fail-over/projectors.ts';
import { startChanges } from '../fail-over/changes.ts';
import { startSteadyReader } from '../rebuild/steady-reader.ts';
import {
  countDifferences,
  countOf,
  readLive,
  readVersions,
  runRebuild,
  untilAlone,
} from '../rebuild/versions.ts';
import { createActors, personAt } from '../support/actors.ts';
import { CROWD_SIZE, importCrowd } from '../support/crowd.ts';
import { kill } from '../support/kills.ts';
import { attachSystem } from '../support/system.ts';

/** People that a rebuild has to read: enough to be killed in the middle of it. */
const DEADLINE_MS = 60_000;

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'rebuild');
const pool = openSuperuserPool(stack, { name: 'rebuild.e2e' });
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await pool.end();
});

const newPerson = () => personAt(`${randomUUID()}@rebuild.example.org`);

/** Waits until a version is built, and returns its number. */
async function untilBuilding(): Promise<number> {
  let built = 0;
  await waitUntil(async () => {
    const found = (await readVersions(pool)).find(({ state }) => state === 'building');
    built = found?.version ?? 0;
    return built > 0;
  }, DEADLINE_MS);
  return built;
}

/** Waits until a version has passed a position. */
async function untilPast(version: number, position: number): Promise<number> {
  let at = 0;
  await waitUntil(async () => {
    const found = (await readVersions(pool)).find((each) => each.version === version);
    at = found?.position ?? 0;
    return at > position;
  }, DEADLINE_MS);
  return at;
}

/** Erases people, and returns how many rows any version still has of them. */
async function erase(ids: readonly string[]): Promise<number> {
  let left = 0;
  for (const id of ids) {
    let status = 0;
    // While no projector is active, an erasure takes longer than the answer waits.
    await waitUntil(async () => {
      status = (await actors.operator.eraseUser({ params: { id } })).status;
      return status === 202;
    }, DEADLINE_MS);
    left += await countOf(pool, id);
  }
  return left;
}

test.serial('a rebuild under load, with erasures, killed twice', async (t) => {
  t.timeout(180_000);
  const { ids } = await importCrowd(system, 'rebuild', CROWD_SIZE);
  const joined = await actors.join(newPerson());
  t.is((await actors.read(joined.id, joined.position)).status, 200);
  const before = await readLive(pool);
  const erased = ids.slice(0, 6);
  t.is(await erase(erased.slice(0, 2)), 0);
  await using reader = startSteadyReader(actors, ids.slice(10, 15));
  await using changes = await startChanges(actors, `rebuild-${Date.now()}`);

  const rebuilt = runRebuild(system);
  const built = await untilBuilding();
  // Attempts that are proven leave the log, but not before each version has counted them.
  for (let n = 0; n < 5; n += 1) await actors.join(newPerson());
  const first = await untilPast(built, 0);
  const { projector } = await untilActive(projectorsOf(stack, readTestStack));
  await kill(projector.name, 0);
  t.is(await erase(erased.slice(2, 4)), 0);
  const second = await untilPast(built, first);
  const { projector: next } = await untilActive(projectorsOf(stack, readTestStack));
  await kill(next.name, 0);
  t.is(await erase(erased.slice(4)), 0);
  t.log(`killed at ${first} and at ${second}`);

  const { status, stdout, stderr } = await rebuilt;
  t.is(status, 0, `${stdout}\n${stderr}`);
  t.is(await readLive(pool), built);
  const { people } = await changes.stop();
  const { reads, faults } = await reader.stop();
  t.deepEqual(faults, []);
  t.log(`${reads} reads`);

  // Both versions are followed, so they become equal when nothing happens.
  for (const person of people) t.is((await actors.read(person.id, person.position)).status, 200);
  const isEven = async () =>
    new Set((await readVersions(pool)).map((each) => each.position)).size === 1;
  await waitUntil(isEven, DEADLINE_MS);
  const none = { users: 0, address_owner: 0, attempts: 0, registration_stats: 0 };
  t.deepEqual(await countDifferences(pool, [before, built]), none);
  for (const id of erased) {
    t.is(await countOf(pool, id), 0);
    t.is((await actors.operator.readUser({ params: { id } })).status, 410);
  }
});

test.serial('back, and the newer version is dropped', async (t) => {
  t.timeout(60_000);
  const live = await readLive(pool);
  const person = await actors.register(newPerson());
  const tagOf = async () => {
    const answer = await actors.read(person.id, person.position);
    if (answer.status !== 200) throw new Error(`read: ${answer.status}`);
    return answer.headers.ETag;
  };
  t.is(await tagOf(), `"accounts.${live}-1"`);
  const back = await runRebuild(system, '--back');
  t.is(back.status, 0, back.stderr);
  const old = await readLive(pool);
  t.true(old < live);
  // Readers in other processes learn it within a second.
  await waitUntil(async () => (await tagOf()) === `"accounts.${old}-1"`, DEADLINE_MS);
  const dropped = await runRebuild(system, '--drop-old');
  t.is(dropped.status, 0, dropped.stderr);
  await untilAlone(pool);
  // While it is being dropped, its number is seen without its name.
  await waitUntil(async () => {
    const { rows } = await pool.query<{ isGone: boolean }>(
      `select to_regnamespace('accounts_v${live}') is null as "isGone"`,
    );
    return rows[0]?.isGone === true;
  });
});

test.serial('what differs is shown, and switched to only if it is accepted', async (t) => {
  t.timeout(90_000);
  const live = await readLive(pool);
  const person = await actors.register(newPerson());
  t.is((await actors.read(person.id, person.position)).status, 200);
  // As if an older fold had made it so.
  await pool.query(`update accounts_v${live}.users set display_name = 'Wrong' where user_id = $1`, [
    person.id,
  ]);
  const differs = await runRebuild(system);
  t.is(differs.status, 1);
  t.regex(differs.stdout, /display_name/);
  t.regex(differs.stdout, new RegExp(person.id));
  t.is(await readLive(pool), live);
  t.is((await runRebuild(system, '--cancel')).status, 0);
  await untilAlone(pool);
  t.is((await runRebuild(system)).status, 1);
  const accepted = await runRebuild(system, '--accept', 'planted-by-a-test');
  t.is(accepted.status, 0, accepted.stderr);
  t.true((await readLive(pool)) > live);
  await waitUntil(async () => {
    const answer = await actors.read(person.id, person.position);
    return answer.status === 200 && answer.body.displayName === 'Vera Actor';
  }, DEADLINE_MS);
  t.is((await runRebuild(system, '--drop-old')).status, 0);
  await untilAlone(pool);
});

test.serial('one read model is rebuilt, and the others are copied', async (t) => {
  t.timeout(90_000);
  const live = await readLive(pool);
  const partial = await runRebuild(system, '--read-models', 'users');
  t.is(partial.status, 0, `${partial.stdout}${partial.stderr}`);
  const built = await readLive(pool);
  t.true(built > live);
  const none = { users: 0, address_owner: 0, attempts: 0, registration_stats: 0 };
  t.deepEqual(await countDifferences(pool, [live, built]), none);
  t.is((await runRebuild(system, '--drop-old')).status, 0);
  await untilAlone(pool);
});

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ParkedSubject, parseUserId, subjects } from '@zameni/contracts';
import { openSuperuserPool, waitUntil } from '@zameni/runtime/testing';
import anyTest from 'ava';
import { openAdminLog } from '../log/admin-log.ts';
import { replaceProjectors } from '../poison/replace-projectors.ts';
import { createActors, personAt } from '../support/actors.ts';
import { startOwnCommandApi } from '../support/own-command-api.ts';
import { attachSystem } from '../support/system.ts';

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const preload = new URL('../mixed/next-version.ts', import.meta.url).href;
const { signal } = new AbortController();
/** People that the next version registers in a form that this one does not know. */
const PEOPLE = 12;

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'doors-mixed-versions');
const { operator, prove, read, register } = actors;
const admin = await openAdminLog(stack, 'doors-mixed-versions');
const pool = openSuperuserPool(stack, { name: 'doors-mixed-versions' });
const { serial: test } = anyTest;
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
  await pool.end();
});

/** Variables that make a service one of the next version. */
const nextVersion = (what: 'fields' | 'events') => ({
  NODE_OPTIONS: `--import=${preload}`,
  TEST_NEXT_VERSION: what,
});
const startNext = (what: 'fields' | 'events') =>
  startOwnCommandApi(system, { name: `next-${what}`, env: nextVersion(what) });
const freshAddress = () => `${randomUUID()}@mixed.example.org`;

async function parkedIds(): Promise<ReadonlyMap<string, string>> {
  const args = [zameni, 'parked', 'ls', '--profile', stack.profile, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  const { parked }: { readonly parked: readonly ParkedSubject[] } = JSON.parse(stdout);
  return new Map(parked.map(({ id, reason }) => [id, reason]));
}

async function textAt(subject: string): Promise<string> {
  const record = await admin.log.readLastFromLeader(subject, signal);
  return record === undefined ? '' : Buffer.from(record.data).toString('utf8');
}

test('records with fields of the next version are carried, by old and new side by side', async (t) => {
  await using next = await startNext('fields');
  const email = freshAddress();
  const made = await next.operator.registerPerson({ body: personAt(email) });
  if (made.status !== 201) return t.fail(String(made.status));
  const id = parseUserId(made.body.userId) ?? t.fail();
  t.regex(await textAt(subjects.account(id)), /"channel":"app"/);
  t.regex(await textAt(subjects.key(id)), /"cipher":"aes-256-gcm"/);
  t.like(await read(id, made.headers.Position), { status: 200, body: { email } });

  // The old API changes the person, and sees whose the address is.
  const duplicate = await operator.registerPerson({ body: personAt(email) });
  t.is(duplicate.status, 409);
  const patch = { params: { id }, body: { displayName: 'Vera Next' } };
  const patched = await operator.updateUser(patch);
  if (patched.status !== 202) return t.fail(String(patched.status));
  const shown = await read(id, patched.headers.Position);
  t.like(shown, { status: 200, body: { displayName: 'Vera Next', email } });

  // The new API changes a person of the old one.
  const old = await register(personAt(freshAddress()));
  const changed = await next.operator.updateUser({
    params: { id: old.id },
    body: { displayName: 'Old Name' },
  });
  if (changed.status !== 202) return t.fail(String(changed.status));
  t.like(await read(old.id, changed.headers.Position), { body: { displayName: 'Old Name' } });

  // An attempt of the new API is proven at the old one.
  const tried = await next.anyone.registerPerson({ body: personAt(freshAddress()) });
  if (tried.status !== 202) return t.fail(String(tried.status));
  t.regex(await textAt(`zameni.attempt.${tried.body.registrationId}`), /"channel":"app"/);
  const proven = await prove(tried.body.registrationId, 'attempt');
  t.is((await read(proven.userId, proven.position)).status, 200);

  // The old API erases them, and the old eraser deletes all that the new one wrote.
  for (const each of [id, old.id, proven.userId]) {
    t.is((await operator.eraseUser({ params: { id: each } })).status, 202);
  }
  await waitUntil(async () => (await textAt(subjects.key(id))) === '', 30_000);
  const parked = await parkedIds();
  for (const each of [id, old.id, proven.userId, tried.body.registrationId]) {
    t.false(parked.has(each));
  }
});

test('events of the next version park their people alone, until a projector knows them', async (t) => {
  t.timeout(180_000);
  await using next = await startNext('events');
  const people = [];
  for (let n = 0; n < PEOPLE; n += 1) {
    const email = freshAddress();
    const made = await next.operator.registerPerson({ body: personAt(email) });
    if (made.status !== 201) return t.fail(String(made.status));
    people.push({ id: made.body.userId, position: made.headers.Position, email });
    // Everybody else goes on in between.
    const { id, position } = await register(personAt(freshAddress()));
    t.is((await read(id, position)).status, 200);
  }
  const parked = await parkedIds();
  for (const { id, position, email } of people) {
    t.is(parked.get(id), 'newer');
    t.like(await read(id, position), { status: 503, body: { code: 'account-parked' } });
    const patched = await operator.updateUser({ params: { id }, body: { displayName: 'X' } });
    t.like(patched, { status: 503, body: { code: 'log-unavailable' } });
    // Claims are the same in both versions, so uniqueness holds between them.
    t.is((await operator.registerPerson({ body: personAt(email) })).status, 409);
  }

  // Nobody has to ask for it: the projector of the next version applies what waits.
  {
    const env = nextVersion('events');
    await using _ = await replaceProjectors(stack, { name: `next-projector-${Date.now()}`, env });
    for (const { id, position, email } of people) {
      await waitUntil(async () => (await read(id, position)).status === 200, 30_000);
      t.like(await read(id, position), { status: 200, body: { email } });
    }
  }
  // The old projector goes on with what it knows about them.
  for (const { id } of people) {
    const patched = await next.operator.updateUser({
      params: { id },
      body: { displayName: 'Vera Later' },
    });
    if (patched.status !== 202) return t.fail(String(patched.status));
    const shown = await read(id, patched.headers.Position);
    t.like(shown, { status: 200, body: { displayName: 'Vera Later' } });
  }

  // A rebuild of this version could not read them.
  for (const { id } of people) {
    const account = subjects.account(parseUserId(id) ?? t.fail());
    const [first] = await admin.log.readSubject(account, signal);
    t.is((await next.operator.eraseUser({ params: { id } })).status, 202);
    await pool.query(
      `insert into zameni.discarded (subject, position, reason, discarded_by)
       values ($1, $2, 'mixed-versions-test', 'test')`,
      [account, first?.position],
    );
  }
});

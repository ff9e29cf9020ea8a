import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { openLedger } from '../mail/ledger.ts';
import { interruptMailers, mailersOf, signalMailers, untilMailersReady } from '../mail/mailers.ts';
import { startMailServer } from '../mail/smtp-server.ts';
import { runRebuild } from '../rebuild/versions.ts';
import { createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { importCrowd } from '../support/crowd.ts';
import { createRandom } from '../support/random.ts';
import { attachSystem } from '../support/system.ts';

/** People who register while mailers are killed and paused. */
const INTERRUPTED_PEOPLE = 300;

/** Milliseconds between the registrations of one of those who register them. */
const PACE_MS = 200;

/** Milliseconds that the server thinks about a mail while mailers are interrupted. */
const THINK_MS = 400;

/** Mails that one mailer has under way: its connections, and those it prepares. */
const IN_FLIGHT = 18;

/** People who register at once. */
const PEOPLE = Number(process.env['ZAMENI_MAIL_PEOPLE'] ?? '1000');

const system = await attachSystem();
const { stack } = system;
const seed = Number(process.env['ZAMENI_SEED'] ?? '1');
const actors = await createActors(system, 'mail-faults');
const ledger = openLedger(stack);
const server = await startMailServer(stack);
test.before(() => ledger.untilIdle());
test.after.always(async () => {
  await signalMailers(mailersOf(stack), 'SIGCONT');
  await server[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
  await actors[Symbol.asyncDispose]();
});

/** Waits until each mailbox has so many mails. */
async function untilAllHave(mailboxes: readonly string[], count: number, deadlineMs: number) {
  for (const mailbox of mailboxes) await server.untilTaken(mailbox, count, deadlineMs);
}

/** Counts the mails of people that are in each state. */
async function countStates(ids: readonly string[]): Promise<Record<string, number>> {
  const { rows } = await ledger.pool.query<{ state: string; count: number }>(
    `select state, count(*)::integer as count from mailer.messages
     where user_id = any($1::uuid[]) group by state`,
    [ids],
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

test.serial('mailers killed and paused lose no mail, and repeat one once at most', async (t) => {
  t.timeout(120_000);
  const domain = `${randomUUID()}.example.org`;
  const mailboxes = Array.from({ length: INTERRUPTED_PEOPLE }, (_, n) => `p${n}@${domain}`);
  // So that a process that is killed has mails under way.
  server.think(THINK_MS);
  const ending = new AbortController();
  const random = createRandom(seed);
  const interrupting = interruptMailers(stack, { random, signal: ending.signal });
  const ids: string[] = [];
  await mapConcurrently(mailboxes, 3, async (mailbox) => {
    ids.push((await actors.register(personAt(mailbox))).id);
    await pause(PACE_MS);
  });
  ending.abort();
  const { kills, pauses } = await interrupting;
  await untilMailersReady(stack);
  await untilAllHave(mailboxes, 1, 30_000);
  const isOver = async () => {
    const { waiting = 0, sending = 0 } = await countStates(ids);
    return waiting + sending === 0;
  };
  await waitUntil(isOver, 40_000);
  server.think(0);
  const counts = [...server.countByMailbox(domain).values()];
  const repeated = counts.filter((count) => count > 1).length;
  const states = JSON.stringify(await countStates(ids));
  t.log(`${kills} kills, ${pauses} pauses: ${repeated} of ${counts.length} twice, ${states}`);
  t.is(counts.length, INTERRUPTED_PEOPLE);
  t.true(Math.max(...counts) <= 2);
  t.true(kills >= 3 && pauses >= 1);
  t.true(repeated <= (kills + pauses) * IN_FLIGHT);
});

test.serial('an address beyond ASCII gets its mail from a server that can take it', async (t) => {
  const name = `анна.${randomUUID()}`;
  await actors.register(personAt(`${name}@пример.example.org`));
  // The host is in Punycode always. The local part is for its own server to read.
  t.is((await server.untilTaken(`${name}@xn--e1afmkfd.example.org`, 1)).length, 1);
});

test.serial('a restored ledger sends some mails twice, and loses none', async (t) => {
  t.timeout(90_000);
  const domain = `${randomUUID()}.example.org`;
  const some = (name: string) => Array.from({ length: 20 }, (_, n) => `${name}${n}@${domain}`);
  const registerAll = (mailboxes: readonly string[]) =>
    mapConcurrently(mailboxes, 4, (mailbox) => actors.register(personAt(mailbox)));
  const [before, between, meanwhile] = [some('before'), some('between'), some('meanwhile')];
  await registerAll(before);
  await untilAllHave(before, 1, 30_000);
  const { pool } = ledger;
  await pool.query('create temporary table kept as select * from mailer.messages');
  await pool.query('create temporary table kept_checkpoint as select * from mailer.checkpoints');
  await registerAll(between);
  await untilAllHave(between, 1, 30_000);
  await signalMailers(mailersOf(stack), 'SIGSTOP');
  await registerAll(meanwhile);
  await pool.query('begin');
  await pool.query('delete from mailer.messages');
  await pool.query('insert into mailer.messages overriding system value select * from kept');
  await pool.query(
    `update mailer.checkpoints set position = kept_checkpoint.position from kept_checkpoint`,
  );
  await pool.query('commit');
  // What they hold in memory is of a ledger that is gone, as it is when a database is restored.
  await signalMailers(mailersOf(stack), 'SIGKILL');
  await untilAllHave(between, 2, 30_000);
  await untilAllHave(meanwhile, 1, 30_000);
  await untilMailersReady(stack);
  const counts = server.countByMailbox(domain);
  const numbersOf = (mailboxes: readonly string[]) => [
    ...new Set(mailboxes.map((mailbox) => counts.get(mailbox))),
  ];
  t.deepEqual(numbersOf(between), [2]);
  t.deepEqual(numbersOf(meanwhile), [1]);
  // One whose outcome was not noted yet when the copy was made is repeated.
  t.true(before.every((mailbox) => (counts.get(mailbox) ?? 0) <= 2));
});

test.serial('a read model that is rebuilt mails nobody', async (t) => {
  t.timeout(120_000);
  const mailbox = `${randomUUID()}@rebuilt.example.org`;
  await actors.register(personAt(mailbox));
  await server.untilTaken(mailbox, 1);
  const newest = async () => {
    const { rows } = await ledger.pool.query<{ id: string }>(
      'select max(id)::text as id from mailer.messages',
    );
    return rows[0]?.id;
  };
  const before = await newest();
  const { status, stdout, stderr } = await runRebuild(system);
  t.is(status, 0, `${stdout}\n${stderr}`);
  t.is(await newest(), before);
  t.is((await runRebuild(system, '--drop-old')).status, 0);
  const later = `${randomUUID()}@rebuilt.example.org`;
  await actors.register(personAt(later));
  await server.untilTaken(later, 1);
  t.is(server.mailsTo(mailbox).length, 1);
});

test.serial(`${PEOPLE} people who register at once get one mail each`, async (t) => {
  t.timeout(300_000);
  const [asked, silent] = [`asked-${randomUUID()}`, `silent-${randomUUID()}`];
  const nobody = await importCrowd(system, silent, 50);
  const startedAt = performance.now();
  const { ids } = await importCrowd(system, asked, PEOPLE, { mail: true });
  const domain = `${asked}.example.org`;
  const taken = () => server.countByMailbox(domain);
  await waitUntil(async () => {
    if (taken().size < PEOPLE) {
      await pause(100);
      return false;
    }
    return true;
  }, 240_000).catch((cause: unknown) => {
    throw new Error(`${taken().size} of ${PEOPLE} have a mail`, { cause });
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  t.log(`${PEOPLE} mails ${seconds.toFixed(1)} s after the import began`);
  await waitUntil(async () => (await countStates(ids))['sent'] === PEOPLE, 30_000);
  t.deepEqual([...new Set(taken().values())], [1]);
  t.deepEqual(await countStates(ids), { sent: PEOPLE });
  t.deepEqual(await countStates(nobody.ids), {}, 'an import asks for no mail by itself');
  t.is(server.countByMailbox(`${silent}.example.org`).size, 0);
});

import { setTimeout as pause } from 'node:timers/promises';
import { createPositions, readKeyRing } from '@zameni/runtime';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { readAllAgain } from '../crash/ask-again.ts';
import { createClient } from '../crash/client.ts';
import { createIssueLink } from '../crash/issue-link.ts';
import { startLoad } from '../crash/load.ts';
import { readRows } from '../crash/rows.ts';
import { startChanges } from '../fail-over/changes.ts';
import { findBrokenMoves, recordCheckpointMoves } from '../fail-over/checkpoint-moves.ts';
import {
  type Projector,
  projectorsOf,
  takeOver,
  type TakeOver,
  toProjector,
  untilActive,
  untilRole,
} from '../fail-over/projectors.ts';
import { findViolations } from '../history/check.ts';
import { describeViolations } from '../history/report.ts';
import { decisionsOf } from '../history/types.ts';
import { readLog } from '../log/stores.ts';
import { createActors } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { kill } from '../support/kills.ts';
import { startOwnProcess } from '../support/own-process.ts';
import { createRandom } from '../support/random.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { stack, gatewayUrl } = system;
const positions = createPositions(readKeyRing(stack.keys.positionKeyFile));

/** What the take-overs are promised to last at most. */
const PROMISED_MS = 3_000;

const TEST_DEADLINE_MS = 180_000;
const END_DEADLINE_MS = 60_000;

/** Milliseconds of load between two faults, and of a process that is frozen. */
const CALM_MS = 1_500;
const FROZEN_MS = 4_000;

const WRITERS = 5;

test('a standby takes over from a projector that is frozen, killed or stopped', async (t) => {
  t.timeout(TEST_DEADLINE_MS);
  const name = `fail-over-${Date.now()}`;
  const others = (all: readonly Projector[], one: Projector) => all.filter((each) => each !== one);
  const note = (what: string, { successor, activeMs, appliedMs }: TakeOver) => {
    const times = `active after ${activeMs.toFixed(0)} ms, applied after ${appliedMs.toFixed(0)} ms`;
    t.log(`${what}: ${successor.name} ${times}${activeMs > PROMISED_MS ? ', too late' : ''}`);
  };
  await using actors = await createActors(system, name);
  const token = await system.token(['registrations:write', 'users:read']);
  const client = createClient({ gatewayUrl, token, positions });
  await using moves = await recordCheckpointMoves(stack);
  const supervised = projectorsOf(stack, readTestStack);
  const { projector: first } = await untilActive(supervised);
  const [second] = others(supervised, first);
  if (second === undefined) return t.fail('the stack has one projector only');
  await using load = startLoad({
    client,
    issueLink: createIssueLink(stack),
    random: createRandom(1),
    name,
    writers: WRITERS,
    readers: 3,
  });
  await using changes = await startChanges(actors, name);

  // One process: the standby is frozen, which disturbs nobody.
  await second.signal('SIGSTOP');
  await pause(CALM_MS);

  // Three.
  await second.signal('SIGCONT');
  await using own = await startOwnProcess(stack, { service: 'projector', name });
  const all = [...supervised, toProjector(name, own)];
  await untilRole(second, 'standby');

  const frozen = await takeOver(() => first.signal('SIGSTOP'), others(all, first));
  note('the active one froze', frozen);
  await pause(FROZEN_MS);
  await first.signal('SIGCONT');
  await untilRole(first, 'standby');
  await pause(CALM_MS);

  // The killed process is restarted within a second, so it may be the successor itself.
  const killed = await takeOver(() => frozen.successor.signal('SIGKILL'), all);
  note('the active one was killed', killed);
  await pause(CALM_MS);

  const startedAt = performance.now();
  const postgres = await kill('postgres-primary', startedAt);
  const { position } = await untilActive(all);
  await untilActive(all, position);
  t.log(
    `Postgres was killed: back after ${postgres.backAfterMs.toFixed(0)} ms,`,
    `applied after ${(performance.now() - startedAt).toFixed(0)} ms`,
  );
  await pause(CALM_MS);

  // Two: the one that nobody restarts ends in order, unless it was the one that was killed.
  const { projector: last } = await untilActive(all);
  if (last.url === own.url) {
    const stopped = await takeOver(() => last.signal('SIGTERM'), supervised);
    note('the active one stopped', stopped);
  } else if (frozen.successor.url !== own.url) {
    await own[Symbol.asyncDispose]();
    await untilActive(supervised);
  }
  await pause(CALM_MS);

  const { reads, ...sent } = await load.stop();
  const { people, accepted } = await changes.stop();
  const finalReads = await readAllAgain(client, sent, END_DEADLINE_MS);
  await mapConcurrently(people, 4, async (person) => {
    t.is((await actors.read(person.id, person.position)).status, 200);
  });
  const log = await readLog(stack);
  const end = Math.max(...log.accounts.map((account) => account.last));
  await waitUntil(async () => (await readRows(stack)).checkpoint >= end, END_DEADLINE_MS);
  const { rows } = await readRows(stack);

  const moved = await moves.read();
  t.deepEqual(findBrokenMoves(moved), []);
  const holders = moved.flatMap(({ holder }, n) => (moved[n - 1]?.holder === holder ? [] : holder));
  t.log(`${moved.length} batches, applied by ${holders.length} processes in turn`);
  t.true(holders.length >= 3);
  const history = { ...sent, reads: [...reads, ...finalReads] };
  const stores = { log, rows };
  const violations = findViolations(history, stores);
  if (violations.length > 0) t.fail(describeViolations(violations, history, stores));
  const registered = sent.writes.filter((write) => decisionsOf(write).length > 0).length;
  t.log(`${registered} registrations and ${accepted} changes accepted, ${reads.length} reads`);
  t.true(registered > 100 && accepted > 100);
});

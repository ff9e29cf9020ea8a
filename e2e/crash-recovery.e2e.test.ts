import { randomInt } from 'node:crypto';
import { createPositions, readKeyRing } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createClient } from './crash-recovery-client.ts';
import { killInTurn } from './crash-recovery-kills.ts';
import { askAllAgain, readAllAgain, startLoad } from './crash-recovery-load.ts';
import { createRandom } from './crash-recovery-random.ts';
import { readLog, readRows } from './crash-recovery-stores.ts';
import { findViolations } from './history-check.ts';
import { describeViolations } from './history-report.ts';
import { isHealthy } from './is-healthy.ts';
import { attachSystem } from './system.ts';

const SECONDS = Number(process.env['ZAMENI_CRASH_SECONDS'] ?? 60);
const SEED = Number(process.env['ZAMENI_SEED'] ?? randomInt(2 ** 32));

/** Milliseconds for everything to be well again and read once more after the last kill. */
const RECOVERY_DEADLINE_MS = 120_000 + SECONDS * 500;

const HEALTH_DEADLINE_MS = 60_000;

const system = await attachSystem();

test(`every accepted registration survives ${SECONDS} s of kill -9 of every process in turn`, async (t) => {
  t.timeout(SECONDS * 1_000 + 2 * RECOVERY_DEADLINE_MS);
  t.log(`repeat what chance chose with --seed ${SEED}`);
  const { stack, gatewayUrl } = system;
  const client = createClient({
    gatewayUrl,
    token: await system.token(['registrations:write', 'users:read']),
    positions: createPositions(readKeyRing(stack.keys.positionKeyFile)),
  });
  await using load = startLoad({
    client,
    random: createRandom(SEED + 1),
    name: `${SEED}-${Date.now()}`,
    writers: 8,
    readers: 8,
  });
  const kills = await killInTurn({
    random: createRandom(SEED),
    deadlineMs: SECONDS * 1_000,
  });
  for (const { name, atMs, backAfterMs } of kills) {
    t.log(`${seconds(atMs)} killed ${name}, back after ${seconds(backAfterMs)}`);
  }
  const { writes: decided, reads } = await load.stop();
  const writes = await askAllAgain(client, decided);
  const finalReads = await readAllAgain(client, { writes }, RECOVERY_DEADLINE_MS);
  const urls = [
    ...stack.services.map(({ url }) => `${url}/readyz`),
    ...stack.nats.monitors.map((url) => `${url}/healthz`),
  ];
  for (const url of urls) {
    await waitUntil(() => isHealthy(url), HEALTH_DEADLINE_MS).catch(() => t.fail(`${url} is ill`));
  }

  const log = await readLog(stack);
  const lastEvent = Math.max(0, ...log.accounts.map(({ last }) => last));
  await waitUntil(
    async () => (await readRows(stack)).checkpoint === lastEvent,
    HEALTH_DEADLINE_MS,
  ).catch(() => t.fail('the projection has not reached the end of the log'));
  const { rows } = await readRows(stack);
  const history = { writes, reads: [...reads, ...finalReads] };
  const stores = { log, rows };
  const violations = findViolations(history, stores);
  for (const line of summarise(history)) t.log(line);
  if (violations.length > 0) t.fail(describeViolations(violations, history, stores));
  t.true(reads.length > SECONDS && finalReads.length > SECONDS);
});

type Seen = Parameters<typeof findViolations>[0];

function summarise({ writes, reads }: Seen): string[] {
  const answers = writes.flatMap(({ attempts }) => attempts.map(({ answer }) => answer));
  const undecided = writes.filter(({ attempts }) => {
    return attempts.every(({ answer }) => answer.kind !== 'decided');
  });
  const count = (kind: string, all: readonly { readonly kind: string }[]) =>
    all.filter((one) => one.kind === kind).length;
  const readAnswers = reads.map(({ answer }) => answer);
  return [
    `${writes.length} wishes in ${answers.length} requests: ${count('decided', answers)} decided, ${count('unknown', answers)} in doubt, ${undecided.length} never decided`,
    `${reads.length} reads: ${count('found', readAnswers)} found, ${count('absent', readAnswers)} absent, ${count('unknown', readAnswers)} in vain`,
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

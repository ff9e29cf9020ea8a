import { randomInt } from 'node:crypto';
import { createPositions, readKeyRing, watchedServers } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { askAllAgain, proveAllAgain, readAllAgain } from '../crash/ask-again.ts';
import { createClient } from '../crash/client.ts';
import { disturbInTurn } from '../crash/disturb-in-turn.ts';
import { createIssueLink } from '../crash/issue-link.ts';
import { startLoad } from '../crash/load.ts';
import { createRandom } from '../support/random.ts';
import { readRows } from '../crash/rows.ts';
import { readLog } from '../log/stores.ts';
import { findViolations } from '../history/check.ts';
import { describeViolations } from '../history/report.ts';
import type { History } from '../history/types.ts';
import { isHealthy, isServerHealthy } from '../support/is-healthy.ts';
import { attachSystem } from '../support/system.ts';

const SECONDS = Number(process.env['ZAMENI_CRASH_SECONDS'] ?? 20);
const SEED = Number(process.env['ZAMENI_SEED'] ?? randomInt(2 ** 32));

/** Milliseconds for the stack to recover and to be read once more after the last kill. */
const RECOVERY_DEADLINE_MS = 120_000 + SECONDS * 500;

const HEALTH_DEADLINE_MS = 60_000;

const system = await attachSystem();
const { stack, gatewayUrl } = system;
const positions = createPositions(readKeyRing(stack.keys.positionKeyFile));
const issueLink = createIssueLink(stack);

test(`accepted registrations survive ${SECONDS} s of kills, freezes and losses of stores`, async (t) => {
  t.timeout(SECONDS * 1_000 + 2 * RECOVERY_DEADLINE_MS);
  t.log(`repeat what chance chose with --seed ${SEED}`);
  const client = createClient({
    gatewayUrl,
    token: await system.token(['registrations:write', 'users:read']),
    positions,
  });
  await using load = startLoad({
    client,
    issueLink,
    random: createRandom(SEED + 1),
    name: `${SEED}-${Date.now()}`,
    writers: 8,
    readers: 8,
  });
  const disturbances = await disturbInTurn({
    random: createRandom(SEED),
    deadlineMs: SECONDS * 1_000,
  });
  for (const { what, atMs, forMs } of disturbances) {
    t.log(`${seconds(atMs)} ${what}, over after ${seconds(forMs)}`);
  }
  const { reads, ...sent } = await load.stop();
  const writes = await askAllAgain(client, sent.writes);
  const proofs = await proveAllAgain({ client, issueLink }, sent.proofs);
  const finalReads = await readAllAgain(client, { writes, proofs }, RECOVERY_DEADLINE_MS);
  const looks = [
    ...stack.services.map(({ url, name }) => [name, () => isHealthy(`${url}/readyz`)] as const),
    ...watchedServers(stack).map(
      (server) => [server.address, () => isServerHealthy(server)] as const,
    ),
  ];
  for (const [name, look] of looks) {
    await waitUntil(look, HEALTH_DEADLINE_MS).catch(() => t.fail(`${name} is not healthy`));
  }

  const log = await readLog(stack);
  const lastProjected = Math.max(
    0,
    ...log.accounts.map(({ last }) => last),
    ...log.attempts.map(({ position, closed }) => closed?.position ?? position),
  );
  await waitUntil(
    async () => (await readRows(stack)).checkpoint >= lastProjected,
    HEALTH_DEADLINE_MS,
  ).catch(() => t.fail('the projection has not reached the end of the log'));
  const { rows } = await readRows(stack);
  const history = { writes, proofs, reads: [...reads, ...finalReads] };
  const stores = { log, rows };
  const violations = findViolations(history, stores);
  for (const line of summarise(history)) t.log(line);
  if (violations.length > 0) t.fail(describeViolations(violations, history, stores));
  t.true(reads.length > SECONDS && finalReads.length > SECONDS && proofs.length > SECONDS / 4);
});

function summarise({ writes, proofs, reads }: History): string[] {
  const undecided = writes.filter(({ sent }) => {
    return sent.every(({ answer }) => answer.kind === 'unknown');
  });
  const answersOf = (all: History['writes'] | History['proofs']) =>
    all.flatMap(({ sent }) => sent.map(({ answer }) => answer));
  return [
    `${writes.length} wishes, ${undecided.length} never decided: ${count(answersOf(writes))}`,
    `${proofs.length} links: ${count(answersOf(proofs))}`,
    `${reads.length} reads: ${count(reads.map(({ answer }) => answer))}`,
  ];
}

function count(answers: readonly { readonly kind: string }[]): string {
  return Object.entries(Object.groupBy(answers, ({ kind }) => kind))
    .map(([kind, some]) => `${some?.length ?? 0} ${kind}`)
    .join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

import { createAttemptKeys, createDataKeys, toKeyRingSource } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger } from '@zameni/runtime/testing';
import test from 'ava';
import { createLoadAccount } from '../log/account-reader.ts';
import { createLoadAttempt } from '../log/attempt-reader.ts';
import { toUserId } from '../log/log.fixture.ts';
import { createAttemptRing, createRing } from '../testing/rings.fixture.ts';
import { createClaimLayouts } from './claim-layouts.ts';
import { createCommitter } from './committer.ts';
import { createDeadline } from './deadline.ts';
import { commitDecision } from './decide-and-commit.ts';
import type { Plan } from './decision-intent.ts';
import { createTurns } from './turns.ts';

/** Commits a command on nobody yet, whose decision is given the number of the try. */
async function commit(decide: (tries: number) => ReturnType<Plan['decide']>, deadlineMs: number) {
  const log = createMemoryLog();
  const dataKeys = createDataKeys(createRing());
  const attemptKeys = createAttemptKeys(createAttemptRing());
  await using committer = createCommitter(log, createSilentLogger());
  let tries = 0;
  const plan: Plan = {
    accounts: [],
    claimsOf: () => [],
    readsClaims: false,
    cause: {
      actor: { type: 'anonymous', id: 'a' },
      causationId: 'a',
      time: '2026-01-01T00:00:00.000Z',
      traceparent: undefined,
    },
    decide: () => decide((tries += 1)),
  };
  const deps = {
    log,
    committer,
    dataKeys,
    attemptKeys,
    loadAccount: createLoadAccount({ log, dataKeys }),
    loadAttempt: createLoadAttempt({ log, attemptKeys }),
    claimLayouts: createClaimLayouts(toKeyRingSource({ ...createRing(), layers: ['1'] })),
    inTurn: createTurns(),
  };
  const failure = await commitDecision(deps, plan, createDeadline(deadlineMs)).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { tries, failure };
}

/** The decision to look at the account of a number first. */
function lookAt(n: number): ReturnType<Plan['decide']> {
  const account = toUserId(`01980000-0000-7000-8000-${`${n}`.padStart(12, '0')}`);
  return { outcome: 'look', account };
}

test('a command whose address has another holder at every look pauses between its tries', async (t) => {
  const { tries, failure } = await commit(lookAt, 400);
  t.like(failure, { code: 'log-unavailable' });
  t.true(tries > 1 && tries < 50, `${tries} tries`);
});

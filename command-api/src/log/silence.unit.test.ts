import type { AppendOutcome } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { signal } from './log.fixture.ts';
import { watchAppends } from './silence.ts';

const LOST: AppendOutcome = { status: 'unknown', cause: new Error('no answer') };
const STORED: AppendOutcome = { status: 'appended', lastPosition: 1 };

/** A watched log that answers when the test says so, and a clock. */
function createWatched() {
  const clock = { nowMs: 0 };
  const owed: ((outcome: AppendOutcome) => void)[] = [];
  const append = () => new Promise<AppendOutcome>((resolve) => owed.push(resolve));
  const { log, isSilent } = watchAppends({ ...createMemoryLog(), append }, () => clock.nowMs);
  return {
    clock,
    isSilent,
    send: () => log.append([], signal),
    answer: async (outcome: AppendOutcome, index = 0) => {
      owed.splice(index, 1).at(0)?.(outcome);
      await new Promise(setImmediate);
    },
  };
}

test('a log that nobody asks is not silent', (t) => {
  const { clock, isSilent } = createWatched();
  clock.nowMs = 60_000;
  t.false(isSilent());
});

test('a log that owes an answer for long is silent until it gives one', async (t) => {
  const { clock, isSilent, send, answer } = createWatched();
  void send();
  clock.nowMs = 1_500;
  t.false(isSilent());
  clock.nowMs = 1_501;
  t.true(isSilent());
  await answer(STORED);
  t.false(isSilent());
});

test('faults that follow each other are no answer, a conflict is one', async (t) => {
  const { clock, isSilent, send, answer } = createWatched();
  for (clock.nowMs = 0; clock.nowMs <= 1_600; clock.nowMs += 400) {
    void send();
    await answer(LOST);
  }
  t.true(isSilent());
  void send();
  await answer({ status: 'conflict' });
  t.false(isSilent());
});

test('an answer to one append does not hide that a later one gets none', async (t) => {
  const { clock, isSilent, send, answer } = createWatched();
  void send();
  void send();
  clock.nowMs = 1_000;
  await answer(STORED);
  clock.nowMs = 2_500;
  t.false(isSilent());
  clock.nowMs = 2_501;
  t.true(isSilent());
});

test('when nobody sends again, the next append may ask, and has its own time', async (t) => {
  const { clock, isSilent, send, answer } = createWatched();
  void send();
  clock.nowMs = 2_000;
  await answer(LOST);
  t.true(isSilent());
  clock.nowMs = 3_001;
  t.false(isSilent());
  void send();
  clock.nowMs = 4_501;
  t.false(isSilent());
  clock.nowMs = 4_502;
  t.true(isSilent());
});

test('an append that was lost before the last answer makes no silence', async (t) => {
  const { clock, isSilent, send, answer } = createWatched();
  void send();
  clock.nowMs = 600;
  void send();
  clock.nowMs = 650;
  await answer(STORED, 1);
  clock.nowMs = 2_000;
  await answer(LOST);
  for (clock.nowMs = 2_160; clock.nowMs < 4_000; clock.nowMs += 100) t.false(isSilent());
});

test('an append is not silent for the time that a lost one before it has waited', async (t) => {
  const { clock, isSilent, send, answer } = createWatched();
  void send();
  clock.nowMs = 600;
  void send();
  clock.nowMs = 650;
  await answer(STORED, 1);
  clock.nowMs = 1_900;
  void send();
  clock.nowMs = 2_000;
  await answer(LOST);
  clock.nowMs = 3_400;
  t.false(isSilent());
  clock.nowMs = 3_401;
  t.true(isSilent());
});

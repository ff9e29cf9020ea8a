import test from 'ava';
import { createDeadline } from '../deadline.ts';
import { chooseGroup, type Waiting } from './group.ts';

function waiting(...reads: string[]): Waiting {
  return {
    intent: { reads, decide: () => ({ messages: [], answer: () => undefined }) },
    updates: new Map(),
    submittedAt: 0,
    deadline: createDeadline(60_000),
    queuedAt: 0,
    span: undefined,
    resolve: () => undefined,
    reject: () => undefined,
  };
}

const subjectsOf = (intents: readonly Waiting[]) => intents.map(({ intent }) => intent.reads[0]);

test('a flood on one address leaves room for the intents behind it', (t) => {
  const flood = Array.from({ length: 300 }, () => waiting('claim.flood'));
  const others = ['claim.a', 'claim.b'].map((claim) => waiting(claim));
  const { group, left, crowdedOut } = chooseGroup([...flood, ...others], new Set(), 600);
  t.is(subjectsOf(group).filter((subject) => subject === 'claim.flood').length, 8);
  t.deepEqual(subjectsOf(group).slice(8), ['claim.a', 'claim.b']);
  t.is(left.length, 292);
  t.is(crowdedOut, 0);
});

test('intents that read a subject of a running group wait, in their order', (t) => {
  const queue = [waiting('claim.a', 'account.a'), waiting('claim.b'), waiting('account.a')];
  const { group, left } = chooseGroup(queue, new Set(['account.a']), 600);
  t.deepEqual(group, [queue[1]]);
  t.deepEqual(left, [queue[0], queue[2]]);
});

test('a group takes no more intents than their messages fit', (t) => {
  const queue = ['a', 'b', 'c'].map((name) => waiting(name));
  const { group, left, crowdedOut } = chooseGroup(queue, new Set(), 7);
  t.deepEqual(subjectsOf(group), ['a', 'b']);
  t.deepEqual(subjectsOf(left), ['c']);
  t.is(crowdedOut, 1);
});

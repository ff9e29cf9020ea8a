import type { ClaimPhase, PepperRing } from '@zameni/runtime';
import test from 'ava';
import { createClaimLayouts } from './claim-layouts.ts';

const peppers = (...ids: readonly string[]) =>
  new Map(ids.map((id) => [id, Buffer.alloc(32, Number(id))]));
const once: PepperRing = { current: '2', keys: peppers('1', '2'), layers: ['1', '2'] };
const inPhase = (phase: ClaimPhase): PepperRing => ({ ...once, current: '1', phase });
test('a process has arrived in a phase when nothing is under way with the one before', async (t) => {
  let ring = inPhase('copy');
  const layouts = createClaimLayouts({ current: () => ring });
  const first = Promise.withResolvers<void>();
  const working = layouts.use(async ({ state }) => {
    await first.promise;
    return state;
  });
  const before = ring;
  t.is(layouts.current(), before);
  ring = inPhase('believe-new');
  t.is(layouts.current(), before, 'something is under way');
  t.is(await layouts.use(async ({ state }) => state), '2:believe-new');
  t.is(layouts.current(), before);
  first.resolve();
  t.is(await working, '2:copy');
  t.is(layouts.current(), ring);
  await t.throwsAsync(layouts.use(() => Promise.reject(new Error('failed'))));
  ring = inPhase('retire');
  t.is(layouts.current(), ring, 'what failed is over, too');
});

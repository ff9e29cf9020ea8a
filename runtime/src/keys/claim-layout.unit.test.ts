import { type ClaimRecord, subjects } from '@zameni/contracts';
import test from 'ava';
import { toClaimLayers, toClaimLayout } from './claim-layout.ts';
import { CLAIM_PHASE_NAMES, type ClaimPhase, nextClaimPhase } from './claim-phases.ts';
import { createDigests } from './digests.ts';
import type { PepperRing } from './pepper-ring.ts';

const peppers = (...ids: readonly string[]) =>
  new Map(ids.map((id) => [id, Buffer.alloc(32, Number(id))]));
const never: PepperRing = { current: '1', keys: peppers('1'), layers: ['1'] };
const once: PepperRing = { current: '2', keys: peppers('1', '2'), layers: ['1', '2'] };
const inPhase = (phase: ClaimPhase): PepperRing => ({ ...once, current: '1', phase });
const held: ClaimRecord = {
  state: 'held',
  userId: 'd2b5f0a4-1c1e-4d2a-9d0c-0a4b8f2f6c11',
  verified: true,
};
const released: ClaimRecord = { state: 'released', by: 'erasure' };

const claim = createDigests(never).claimOf('vera@example.org');
const old = toClaimLayout(never).placeOf(claim).believed;
const fresh = toClaimLayout(once).placeOf(claim).believed;

test('without a rotation the subject of a claim is its own name', (t) => {
  t.is(old, subjects.claim(claim));
});

test('a rotation keeps the name of a claim and changes its subject', (t) => {
  t.is(createDigests(once).claimOf('vera@example.org'), claim);
  t.regex(fresh, /^zameni\.claim\.2:[A-Za-z0-9_-]{43}$/);
  t.false(fresh.includes(claim));
  const other = { ...once, keys: new Map([...peppers('1'), ['2', Buffer.alloc(32, 7)]]) };
  t.not(toClaimLayout(other).placeOf(claim).believed, fresh, 'the new pepper counts');
});

for (const [phase, believed, written] of [
  ['release-both', old, [old]],
  ['write-both', old, [old, fresh]],
  ['copy', old, [old, fresh]],
  ['believe-new', fresh, [old, fresh]],
  ['retire', fresh, [fresh]],
  ['delete', fresh, [fresh]],
] as const) {
  test(`${phase} believes, holds and releases as the phase says`, (t) => {
    const place = toClaimLayout(inPhase(phase)).placeOf(claim);
    t.is(place.believed, believed);
    t.deepEqual(place.writesOf(held), written);
    t.deepEqual(place.writesOf(released), [old, fresh]);
    t.deepEqual(place.reads, [old, fresh]);
  });
}

for (const ring of [never, once]) {
  test(`outside of a rotation one subject is read and written (${ring.current})`, (t) => {
    const { believed, reads, writesOf } = toClaimLayout(ring).placeOf(claim);
    t.deepEqual(reads, [believed]);
    t.deepEqual(writesOf(held), [believed]);
    t.deepEqual(writesOf(released), [believed]);
    t.is(toClaimLayers(ring), undefined);
  });
}

test('the worker finds the new subject of an old one without knowing the claim', (t) => {
  const layers = toClaimLayers(inPhase('copy'));
  t.is(layers?.toNew(old), fresh);
  t.is(layers?.toNew(fresh), undefined);
  t.is(layers?.toNew(subjects.key(claim)), undefined);
});

test('a second rotation moves the second layer to the third', (t) => {
  const keys = peppers('1', '2', '3');
  const twice: PepperRing = { current: '2', keys, layers: ['1', '2', '3'], phase: 'copy' };
  const layers = toClaimLayers(twice);
  const place = toClaimLayout(twice).placeOf(claim);
  t.is(place.believed, fresh);
  t.is(layers?.toNew(fresh), place.reads[1]);
  t.is(layers?.toNew(old), undefined);
  t.is(layers?.toNew(place.reads[1] ?? ''), undefined);
});

test('the phases follow each other until the rotation is over', (t) => {
  const seen: ClaimPhase[] = [];
  for (let at: ClaimPhase | undefined = 'release-both'; at !== undefined; at = nextClaimPhase(at)) {
    seen.push(at);
  }
  t.deepEqual(seen, [...CLAIM_PHASE_NAMES]);
});

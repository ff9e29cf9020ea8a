import { Readable } from 'node:stream';
import test from 'ava';
import { readBounded } from './read-bounded.ts';

const inChunks = (...texts: string[]) => Readable.from(texts.map((text) => Buffer.from(text)));

test('a text is read whole up to the bound, also where a chunk ends within a character', async (t) => {
  const [one, other] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
  t.is(await readBounded(Readable.from([one, other]), 2), 'é');
  t.is(await readBounded(inChunks(), 0), '');
});

test('of a longer text no more is read', async (t) => {
  const endless = inChunks('abc', 'def', 'ghi');
  t.is(await readBounded(endless, 4), undefined);
  t.true(endless.destroyed);
});

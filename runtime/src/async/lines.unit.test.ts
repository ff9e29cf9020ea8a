import test from 'ava';
import { type Line, readLines } from './lines.ts';

async function read(chunks: readonly (string | Buffer)[], maxBytes = 8): Promise<Line[]> {
  async function* source() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  return Array.fromAsync(readLines(source(), maxBytes));
}

const texts = (lines: readonly Line[]) => lines.map(({ content }) => content?.toString());

test('splits at line feeds, independent of the chunks', async (t) => {
  const whole = 'ab\ncd\r\n\nž€\nlast';
  const expected = ['ab', 'cd', '', 'ž€', 'last'];
  t.deepEqual(texts(await read([whole])), expected);
  const bytes = Buffer.from(whole);
  for (let size = 1; size < bytes.length; size += 1) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    );
    t.deepEqual(texts(await read(chunks)), expected, `chunks of ${size}`);
  }
});

test('numbers lines from 1 and gives the end of each', async (t) => {
  const lines = await read(['ab\n\ncd\r\ne']);
  t.deepEqual(
    lines.map(({ number, endsAt }) => [number, endsAt]),
    [
      [1, 3],
      [2, 4],
      [3, 8],
      [4, 9],
    ],
  );
});

test('a line of exactly the limit is kept, one byte more is not, and the next line is whole', async (t) => {
  const lines = await read([
    '12345678\n123456789\nnext\n',
    '1'.repeat(100),
    '1'.repeat(100),
    '\nend',
  ]);
  t.deepEqual(texts(lines), ['12345678', undefined, 'next', undefined, 'end']);
  t.is(lines.at(-1)?.endsAt, 9 + 10 + 5 + 201 + 3);
});

test('a byte order mark is dropped at the start and nowhere else', async (t) => {
  t.deepEqual(texts(await read(['\uFEFFab\n\uFEFFcd\n'])), ['ab', '\uFEFFcd']);
});

test('an empty input has no lines, and a line feed at the end starts none', async (t) => {
  t.deepEqual(await read([]), []);
  t.deepEqual(texts(await read(['a\n'])), ['a']);
});

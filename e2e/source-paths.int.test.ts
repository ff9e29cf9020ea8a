import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';

const root = join(import.meta.dirname, '..');

test('no file makes a path of the pathname of a URL: a folder with a space would break it', async (t) => {
  const files = await Array.fromAsync(
    glob('**/*.{ts,mjs}', { cwd: root, exclude: (name) => /node_modules|^\./.test(name) }),
  );
  t.true(files.length > 500, `${files.length} files`);
  // Not in one piece, so that this file does not find itself.
  const pathname = ['import.meta.url)', 'pathname'].join('.');
  const faulty = files.filter((file) => readFileSync(join(root, file), 'utf8').includes(pathname));
  t.deepEqual(faulty, []);
});

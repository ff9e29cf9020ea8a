import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from './generated-files.ts';
import { withSeenBy } from './seen-by.ts';

const root = new URL('../', import.meta.url);
for (const [path, text] of Object.entries(generatedFiles())) {
  const file = fileURLToPath(new URL(path, root));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
const runbook = new URL('../../runbook.md', import.meta.url);
await writeFile(runbook, withSeenBy(await readFile(runbook, 'utf8')));

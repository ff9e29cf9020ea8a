import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { attachSystem } from '../support/system.ts';

const root = join(import.meta.dirname, '..', '..');
const system = await attachSystem();

/** The first port of the local stack. */
const LOCAL_BASE = 8080;

/** The shell blocks of a document, in order. */
function shellBlocks(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
}

/** The port of the tests' stack for one of the local stack. */
const onTestStack = (port: string) => system.stack.gateway.port + Number(port) - LOCAL_BASE;

/** Runs a block as written, but on the stack of the tests. */
async function runBlock(block: string): Promise<string> {
  const script = block
    .replaceAll(/127\.0\.0\.1:(8[01]\d\d)/g, (_, port) => `127.0.0.1:${onTestStack(port)}`)
    .replaceAll(
      /npx zameni ([a-z]+)/g,
      `node cli/bin/zameni.ts $1 --profile ${system.stack.profile}`,
    );
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: root,
    timeout: 60_000,
  });
  return stdout;
}

/**
 * Blocks that ran before, those that restart servers, switch versions or adopt a log, which the tests
 * of erasure, of the rebuild and of restored logs run, and one that replaces a key of the stack.
 */
const ranElsewhere = [
  'npm start\n',
  'npm start -- --telemetry\n',
  'npm test\n',
  'npx zameni purge\n',
  'npx zameni purge --recreate n2\n',
];

const isRanElsewhere = (block: string) =>
  ranElsewhere.includes(block) || /^(npx zameni (rebuild|log adopt)|id=1-)/.test(block.trim());

test('every command of README.md works as written, one after the other', async (t) => {
  let registrationId = '';
  let position = '';
  for (const block of shellBlocks('README.md')) {
    if (isRanElsewhere(block)) continue;
    const output = await runBlock(
      block.replaceAll('REGISTRATION_ID', registrationId).replaceAll('POSITION', position),
    );
    t.notRegex(output, /HTTP\/1\.1 [45]/, block);
    registrationId = /"registrationId":"([^"]+)"/.exec(output)?.[1] ?? registrationId;
    position = /^position: (\S+)/im.exec(output)?.[1] ?? position;
  }
  t.regex(registrationId, /^[0-9a-f-]{36}$/);
});

test('every command of the runbook works as written', async (t) => {
  for (const block of shellBlocks('deploy/runbook.md')) {
    if (isRanElsewhere(block)) continue;
    await t.notThrowsAsync(runBlock(block), block);
  }
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventType } from '@zameni/contracts';
import test from 'ava';
import { findTexts } from './find-texts.ts';
import { runDemo } from './demo.ts';
import { readPeople } from './people.ts';
import { attachSystem } from './system.ts';

const system = await attachSystem();

test('the raw bytes of the log and of all log files hold no address or name of nine bytes or more', async (t) => {
  const people = readPeople();
  const token = await system.token(['users:read']);
  const report = await runDemo({
    gatewayUrl: system.gatewayUrl,
    token,
    people,
    concurrency: 32,
  });
  t.deepEqual(report.faults, []);
  const secrets = people.flatMap(({ body }) => [
    body.email.trim(),
    body.email.trim().toLowerCase(),
    body.email.trim().split('@')[0] ?? '',
    body.displayName,
    ...Object.values(body.profile ?? {}).filter((value) => typeof value === 'string'),
  ]);
  const { stack } = system;
  const natsFolders = Object.entries(stack.folders.data).filter(([name]) =>
    name.startsWith('nats'),
  );
  t.is(natsFolders.length, 3);
  // The control: facts in clear are found, so the search reads what it should.
  const control = [eventType('registered'), 'termsVersion'];
  for (const [name, folder] of natsFolders) {
    const files = filesUnder(folder);
    t.deepEqual(findTexts(files, control).toSorted(), control.toSorted(), name);
    t.is(findTexts(files, secrets).length, 0, name);
  }
  t.is(findTexts(filesUnder(stack.folders.logs), secrets).length, 0, 'log files');
});

function filesUnder(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

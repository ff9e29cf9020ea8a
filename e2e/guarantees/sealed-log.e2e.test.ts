import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventType } from '@zameni/contracts';
import { readTestStack } from '@zameni/runtime/testing';
import test from 'ava';
import { createActors } from '../support/actors.ts';
import { findTexts } from '../support/find-texts.ts';
import { runDemo } from '../demo/run.ts';
import { ownPeople, readPeople } from '../demo/people.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'sealed-log');
test.after.always(() => actors[Symbol.asyncDispose]());

/** Longer than texts that occur by chance. */
const stranger = {
  email: 'sealed.attempt.stranger@example.org',
  displayName: 'Svetozar Zapečaćeni',
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  profile: { note: 'a note that nobody but the prover reads' },
};

/** One in so many people of the fixtures. Every one would take ten seconds more. */
const EVERY = 4;

test('the bytes of log and log files hold no address or name of over 8 bytes', async (t) => {
  const some = readPeople().filter((_, n) => n % EVERY === 0);
  const people = ownPeople(some, `s${randomUUID().slice(0, 8)}`);
  const token = await system.token(['registrations:write', 'users:read']);
  const report = await runDemo({
    gatewayUrl: system.gatewayUrl,
    token,
    people,
    concurrency: 32,
  });
  t.deepEqual(report.faults, []);
  await actors.attempt(stranger);
  await actors.anyone.resendVerification({ body: { email: stranger.email } });
  const secrets = [stranger, ...people.map(({ body }) => body)].flatMap((body) => [
    body.email.trim(),
    body.email.trim().toLowerCase(),
    body.email.trim().split('@')[0] ?? '',
    body.displayName,
    ...Object.values(body.profile ?? {}).filter((value) => typeof value === 'string'),
  ]);
  const natsFolders = Object.entries(stack.folders.data).filter(([name]) =>
    name.startsWith('nats'),
  );
  t.is(natsFolders.length, 3);
  // The control: facts in clear are found, so the search covers the right files.
  const control = [eventType('registered'), 'termsVersion', 'zameni.attempt.', '"state":"open"'];
  for (const [name, folder] of natsFolders) {
    const files = filesUnder(folder);
    t.deepEqual(findTexts(files, control).toSorted(), control.toSorted(), name);
    t.is(findTexts(files, secrets).length, 0, name);
  }
  t.is(findTexts(filesUnder(stack.folders.logs), secrets).length, 0, 'log files');
});

test('only the command API and the mailer know the path of the keys of attempts', async (t) => {
  const { pids } = await readTestStack();
  for (const { name, service } of stack.services) {
    const environment = readFileSync(`/proc/${pids[name]}/environ`, 'utf8');
    t.true(environment.includes('ZAMENI_POSTGRES_URL='), 'the control');
    const mayOpen = service === 'command-api' || service === 'mailer';
    t.is(environment.includes('ZAMENI_ATTEMPT_KEY_FILE='), mayOpen, name);
  }
});

function filesUnder(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { readStack, type Stack } from '@zameni/runtime/stack';
import { endOnOutputFailure, passProxyOnLoopback } from '@zameni/runtime/terminal';
import { ownPeople, readPeople } from './people.ts';
import { runDemo } from './run.ts';
import { summarizeDemo } from './summary.ts';

const CONCURRENCY = 32;

const PROFILES: readonly Stack['profile'][] = ['local', 'test', 'bench'];

/**
 * `npm run demo`: registers the fixtures with the running stack of `npm start`, or of another profile
 * (`--profile`).
 */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { profile: { type: 'string', default: 'local' } } });
  const profile = PROFILES.find((known) => known === values.profile);
  if (profile === undefined) throw new Error('--profile takes local, test or bench');
  const stack = await readStack(profile);
  const run = `d${randomBytes(4).toString('hex')}`;
  const people = ownPeople(readPeople(), run);
  process.stdout.write(
    `Registering ${people.length} people of fixtures/people.ndjson through ${stack.gateway.url}, vouched for, ${CONCURRENCY} at a time, at hosts below ${run}.\n`,
  );
  const report = await runDemo({
    gatewayUrl: stack.gateway.url,
    token: await printedToken(profile),
    people,
    concurrency: CONCURRENCY,
    ...(process.stdout.isTTY ? { onProgress: (done) => showProgress(done, people.length) } : {}),
  });
  process.stdout.write(summarizeDemo(report, people.length));
  return report.faults.length === 0 && report.readBack === people.length ? 0 : 1;
}

function showProgress(done: number, total: number): void {
  if (done % 50 === 0) process.stdout.write(`\r${done} of ${total}${done === total ? '\n' : ''}`);
}

async function printedToken(profile: Stack['profile']): Promise<string> {
  const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
  const scopes = ['registrations:write', 'users:read'].flatMap((scope) => ['--scope', scope]);
  const args = [zameni, 'token', '--profile', profile, ...scopes];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trim();
}

passProxyOnLoopback(process.env);
endOnOutputFailure('demo', process);
try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

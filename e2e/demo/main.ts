import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readStack } from '@zameni/runtime/stack';
import { readPeople } from './people.ts';
import { runDemo } from './run.ts';

const CONCURRENCY = 32;

/** `npm run demo`: registers the fixtures with the running stack of `npm start`. */
async function main(): Promise<number> {
  const stack = await readStack('local');
  const people = readPeople();
  process.stdout.write(
    `Registering ${people.length} people of fixtures/people.ndjson through ${stack.gateway.url}, vouched for, ${CONCURRENCY} at a time.\n`,
  );
  const report = await runDemo({
    gatewayUrl: stack.gateway.url,
    token: await printedToken(),
    people,
    concurrency: CONCURRENCY,
    ...(process.stdout.isTTY ? { onProgress: (done) => showProgress(done, people.length) } : {}),
  });
  const ms = (value: number) => `${value.toFixed(1)} ms`.padStart(10);
  process.stdout.write(
    `${[
      `accepted            ${report.accepted} of ${people.length}`,
      `read back as sent   ${report.readBack - differing(report.faults)} of ${people.length}`,
      `accept              p50 ${ms(report.accept.p50)}   p99 ${ms(report.accept.p99)}`,
      `accept to readable  p50 ${ms(report.acceptToReadable.p50)}   p99 ${ms(report.acceptToReadable.p99)}`,
      `took                ${report.seconds.toFixed(1)} s`,
      ...report.faults.slice(0, 20),
    ].join('\n')}\n`,
  );
  return report.faults.length === 0 ? 0 : 1;
}

function differing(faults: readonly string[]): number {
  return faults.filter((fault) => fault.includes('differs')).length;
}

function showProgress(done: number, total: number): void {
  if (done % 50 === 0) process.stdout.write(`\r${done} of ${total}${done === total ? '\n' : ''}`);
}

async function printedToken(): Promise<string> {
  const zameni = new URL('../../cli/bin/zameni.ts', import.meta.url).pathname;
  const scopes = ['registrations:write', 'users:read'].flatMap((scope) => ['--scope', scope]);
  const args = [zameni, 'token', ...scopes];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trim();
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

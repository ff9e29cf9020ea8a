import { MAX_BODY_BYTES } from '@zameni/contracts';
import { parseInteger } from '../framework/arguments.ts';
import { type Arguments, type Command, EXIT } from '../framework/command.ts';
import { connect } from '../framework/connection.ts';
import { connectionOptions, jsonOption } from '../framework/global-options.ts';
import { openInput } from '../framework/input.ts';
import { listenForInterrupts } from '../framework/interrupts.ts';
import type { Io } from '../framework/io.ts';
import { showProgress } from '../framework/progress.ts';
import { registerPeople } from './register-people.ts';
import { createTally, type RegisterReport } from './register-report.ts';
import { summarize } from './register-summary.ts';

/** `zameni register`: registers the people of an NDJSON file. */
export const registerCommand: Command = {
  name: 'register',
  summary: 'register the people of an NDJSON file or of standard input',
  operand: { name: 'file|-', isFile: true },
  options: [
    { name: 'concurrency', value: '<n>', summary: 'requests at a time, 1 to 256 (default: 32)' },
    { name: 'retries', value: '<n>', summary: 'times a line is sent again, 0 to 100 (default: 8)' },
    {
      name: 'deadline',
      value: '<seconds>',
      summary: 'after which a line is not sent again, 1 to 3600 (default: 60)',
    },
    { name: 'anonymous', summary: 'send without a token, as the public does' },
    jsonOption,
    ...connectionOptions,
  ],
  description: `
Sends each line of the file, a JSON body of POST /v1/registrations of at most
16 KiB, and sums up: registered, duplicate (another account has the address),
erased (registered by an earlier run and erased since), invalid, failed. Blank
lines are skipped. Of a line that registered nobody only its number, places and
codes are shown, never what it says.

With a token of scope registrations:write, as the local stack gives one, you vouch
for these people: they have accounts at once, whose mailboxes are unproven unless
the line says "emailVerified": true. Without one each line is an attempt, counted
as accepted, whose mailbox waits for proof, and has 4 KiB at most.

A line carries an Idempotency-Key made from its bytes: running the same file
again, after Ctrl-C or a failure, gives the same answers and registers nobody
twice. (That holds for one and the same caller; with another token the people are
duplicates.)

What may pass (503, 429, no answer) is tried again; 503 log-full says that the log
has no room. Ctrl-C sends nothing more, waits for what is under way and sums up;
pressed twice it ends at once.`,
  examples: [
    'npx zameni register fixtures/people.ndjson',
    'zcat people.ndjson.gz | npx zameni register - --concurrency 64',
    'npx zameni register people.ndjson --json > report.json',
  ],
  exitStatuses: {
    0: 'nothing is invalid and nothing failed',
    1: 'at least one line is invalid or failed, or it stopped before the end',
    130: 'stopped by Ctrl-C (143: by SIGTERM)',
  },
  run,
};

const MAX_CONCURRENCY = 256;
const MAX_RETRIES = 100;
const MAX_DEADLINE_SECONDS = 3_600;

async function run(args: Arguments, io: Io): Promise<number> {
  const concurrency = parseInteger(args, 'concurrency', {
    min: 1,
    max: MAX_CONCURRENCY,
    byDefault: 32,
  });
  const retries = parseInteger(args, 'retries', { min: 0, max: MAX_RETRIES, byDefault: 8 });
  const deadlineSeconds = parseInteger(args, 'deadline', {
    min: 1,
    max: MAX_DEADLINE_SECONDS,
    byDefault: 60,
  });
  const { url, token } = await connect(args, io.env, ['registrations:write']);
  // Loaded here, because the other commands shall not wait for it.
  const [{ delay, readLines }, { sendRegistration }] = await Promise.all([
    import('@zameni/runtime'),
    import('./send-registration.ts'),
  ]);
  using interrupts = listenForInterrupts(() => {
    io.stderr.write('\nStopping: waiting for what is under way. Ctrl-C again ends at once.\n');
  });
  const { signal } = interrupts;
  const { chunks, totalBytes } = await openInput(args.operand, io, signal);
  const sending = {
    url,
    token: args.has('anonymous') ? async () => undefined : token,
    retries,
    deadlineMs: deadlineSeconds * 1_000,
    fetch,
    wait: delay,
  };
  const tally = createTally();
  const startedAt = performance.now();
  let bytes = 0;
  let stopped: string | null;
  {
    using _progress = showProgress(io.stderr, () => ({
      ...tally.progress(),
      bytes,
      totalBytes,
      elapsedMs: performance.now() - startedAt,
    }));
    stopped = await registerPeople({
      lines: readLines(chunks, MAX_BODY_BYTES),
      concurrency,
      send: (content, signal) => sendRegistration(content, { ...sending, signal }),
      signal,
      closeInput: () => chunks.destroy(),
      onSettled: (line, result) => {
        bytes = Math.max(bytes, line.endsAt);
        tally.add(line.number, result);
      },
    });
  }
  chunks.destroy();
  const seconds = (performance.now() - startedAt) / 1_000;
  const report = tally.report({ url, stopped, seconds });
  io.stdout.write(args.has('json') ? `${JSON.stringify(report)}\n` : summarize(report, io.stdout));
  return interrupts.exitStatus() ?? exitStatusOf(report);
}

function exitStatusOf({ invalid, failed, stopped }: RegisterReport): number {
  return invalid + failed > 0 || stopped !== null ? EXIT.failed : EXIT.done;
}

import { MAX_BODY_BYTES } from '@zameni/contracts';
import { parseInteger } from '../framework/arguments.ts';
import { type Arguments, type Command, EXIT } from '../framework/command.ts';
import { connect } from '../framework/connection.ts';
import { connectionOptions, jsonOption } from '../framework/global-options.ts';
import { openInput } from '../framework/input.ts';
import { listenForInterrupts } from '../framework/interrupts.ts';
import { type Io, toJsonLine } from '../framework/io.ts';
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
    { name: 'concurrency', value: '<n>', summary: 'concurrent requests, 1 to 256 (default: 32)' },
    { name: 'retries', value: '<n>', summary: 'retries per line, 0 to 100 (default: 8)' },
    {
      name: 'deadline',
      value: '<seconds>',
      summary: 'time after which a line is not retried, 1 to 3600 (default: 60)',
    },
    { name: 'anonymous', summary: 'send without a token, as the public does' },
    jsonOption,
    ...connectionOptions,
  ],
  description: `
Sends each line of the file, which is a JSON body of POST /v1/registrations of at
most 16 KiB, and prints a summary: registered, duplicate (another account holds
the address), erased (registered by an earlier run and erased since), invalid,
failed. Blank lines are skipped. For a line that registered nobody it prints only
the number, pointers and codes, never the content.

With a token of scope registrations:write, as the local stack issues it, you vouch
for these people. They get accounts immediately, and their mailboxes are unproven
unless the line has "emailVerified": true. Without a token each line makes an
attempt, which counts as accepted and awaits proof of its mailbox. Such a line has
at most 4 KiB.

Each request has an Idempotency-Key made from the bytes of its line. Running the
same file again, after Ctrl-C or a failure, gives the same answers and registers
nobody twice. This holds for the same caller; with another token the people are
duplicates.

Transient failures (503, 429, no answer) are retried; 503 log-full means that the
log has no room. After Ctrl-C the command sends no more lines, waits for pending
requests and prints the summary. A second Ctrl-C ends it immediately.`,
  examples: [
    'npx zameni register fixtures/people.ndjson',
    'zcat people.ndjson.gz | npx zameni register - --concurrency 64',
    'npx zameni register people.ndjson --json > report.json',
  ],
  exitStatuses: {
    0: 'no line is invalid or failed',
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
  // Loaded here, so that the other commands do not wait for it.
  const [{ delay, readLines }, { sendRegistration }] = await Promise.all([
    import('@zameni/runtime'),
    import('./send-registration.ts'),
  ]);
  using interrupts = listenForInterrupts(() => {
    io.stderr.write('\nStopping: waiting for pending requests. Ctrl-C again ends immediately.\n');
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
      onDone: (line, result) => {
        bytes = Math.max(bytes, line.endsAt);
        tally.add(line.number, result);
      },
    });
  }
  chunks.destroy();
  const seconds = (performance.now() - startedAt) / 1_000;
  const report = tally.report({ url, stopped, seconds });
  io.stdout.write(args.has('json') ? toJsonLine(report) : summarize(report, io.stdout));
  return interrupts.exitStatus() ?? exitStatusOf(report);
}

function exitStatusOf({ invalid, failed, stopped }: RegisterReport): number {
  return invalid + failed > 0 || stopped !== null ? EXIT.failed : EXIT.done;
}

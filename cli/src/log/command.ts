import { readStack } from '@zameni/runtime/stack';
import { type Command, EXIT } from '../framework/command.ts';
import { profileOf } from '../framework/connection.ts';
import { jsonOption, profileOption } from '../framework/global-options.ts';
import { listenForInterrupts, orStopped } from '../framework/interrupts.ts';
import { toJsonLine } from '../framework/io.ts';
import { showSteps } from '../framework/steps.ts';
import type { AdoptReport } from './adopt.ts';

const forceOption = {
  name: 'force',
  summary: 'refuse positions from before, also if the read models are of this log',
} as const;

/** `zameni log`: makes the rest of the local stack follow a log that was restored from a copy. */
export const logCommand: Command = {
  name: 'log',
  summary: 'go on with a log that was restored from a copy, for the local stack',
  operand: { name: 'action', choices: ['adopt'] },
  options: [forceOption, jsonOption, profileOption],
  description: `
adopt is for a log that was restored from an older copy, or made again, on
purpose. What was accepted after the copy is lost with it. Until this command is
run, the projector and the mailer stand still with the reason log-mismatch, and
reads with a Min-Position wait. If the right log can still be put back, do that
instead: everything then goes on by itself.

If the read models are those of another history, the command gives the log another
incarnation, so that positions from before are refused (position-unknown) and not
taken for others. It fills a new version from the log and lets readers see it.
Counts of registrations begin again from what the log holds. The mailer goes on
after the last record that both histories have. Then it lists the people who were
erased, and are not in this log: request their erasure again.

It may be run again at any time, also after it was interrupted: what is done is
not done again. --force is for a log that was restored before anybody had read
what it lost. Positions from before are refused then too.`,
  examples: ['npx zameni log adopt', 'npx zameni log adopt --json'],
  exitStatuses: { 1: 'it could not be finished; run the command again' },
  run: async (args, io) => {
    const stack = await readStack(profileOf(args));
    const { adoptLogOf } = await import('./connect.ts');
    using interrupts = listenForInterrupts(() => {
      io.stderr.write('\nStopping. The same command begins again.\n');
    });
    return await orStopped(interrupts, async () => {
      const report = await adoptShowingSteps();
      io.stdout.write(args.has('json') ? toJsonLine(report) : toText(report));
      return EXIT.done;
    });

    /** Removes the progress line before the report is printed. */
    async function adoptShowingSteps(): Promise<AdoptReport> {
      using steps = showSteps(io.stderr);
      return await adoptLogOf(stack, {
        signal: interrupts.signal,
        reportStep: steps.reportStep,
        isForced: args.has('force'),
      });
    }
  },
};

function toText({ isIncarnationNew, version, mailsAfter, erasedBefore }: AdoptReport): string {
  const lines = [
    isIncarnationNew
      ? 'The log has another incarnation. Positions from before are refused.'
      : 'The log keeps its incarnation.',
    version === null
      ? 'The read models are of this log, and stay.'
      : `Readers see version ${version} of the read models, filled from this log.`,
    mailsAfter === null
      ? 'The mailer has read this log, and goes on.'
      : `Mails are sent for records after position ${mailsAfter}.`,
    ...(erasedBefore.length === 0
      ? []
      : ['These people were erased and are in the log again. Request their erasure again:']),
    ...erasedBefore.map((id) => `  DELETE /v1/users/${id}`),
  ];
  return `${lines.join('\n')}\n`;
}

import { READ_MODELS } from '@zameni/contracts';
import type { Command } from '../framework/command.ts';
import { jsonOption } from '../framework/global-options.ts';
import { listenForInterrupts, orStopped } from '../framework/interrupts.ts';
import { connectOperator, operatorOptions } from '../operator/connect.ts';
import { isWatching, report, toAction, WAIT_SECONDS } from './actions.ts';
import { createReadModelsPort } from './port.ts';

/** `zameni rebuild`: fills the read models again from the log, beside those that serve. */
export const rebuildCommand: Command = {
  name: 'rebuild',
  summary: 'fill the read models again from the log, compare, and switch readers to them',
  options: [
    {
      name: 'read-models',
      value: '<names>',
      summary: 'fill only these (comma-separated), and copy the others',
    },
    { name: 'accept', value: '<reason>', summary: 'switch although the new version differs' },
    { name: 'back', summary: 'let readers see the version before again' },
    { name: 'drop-old', summary: 'delete the versions that are kept' },
    { name: 'cancel', summary: 'delete the version that is being built' },
    {
      name: 'wait',
      value: '<seconds>',
      summary: `time to watch, 0 to ${WAIT_SECONDS.max} (default: until it is over)`,
    },
    jsonOption,
    ...operatorOptions('projector'),
  ],
  description: `
The projector fills a new version of the read models from the first record of
the log, while the live version serves. When it has caught up, it compares both
row by row. If nothing differs, readers see the new version from then on, in
one step. Otherwise the command prints what differs and ends with 1. After a
change of the code that is expected: --accept switches, with one lower-case
word as the reason. If it is not, --cancel deletes the new version. The read
models are:

${READ_MODELS.map((name) => `  ${name}`).join('\n')}

The work goes on if this command or the projector is stopped. Run the command
again to watch it; --wait 0 only begins one. The version before is kept and
followed, so that --back is possible, until --drop-old. No mail is sent because
of a rebuild.

Attempts do not stay in the log, so the counts of accepted registrations are
copied up to the position at which the rebuild began.

The command needs a token with the scope ops:write.`,
  examples: [
    'npx zameni rebuild',
    'npx zameni rebuild --read-models users',
    'npx zameni rebuild --accept new-display-name',
    'npx zameni rebuild --drop-old',
  ],
  exitStatuses: { 1: 'failed, the new version differs, or it is not done within --wait' },
  run: async (args, io) => {
    const action = toAction(args, io);
    using interrupts = listenForInterrupts(() => {
      io.stderr.write(
        isWatching(args)
          ? '\nStopping. The rebuild goes on; run the command again to watch it.\n'
          : '\nStopping. What was requested goes on.\n',
      );
    });
    const { signal } = interrupts;
    return await orStopped(interrupts, async () => {
      const scopes = ['ops:read', 'ops:write'] as const;
      const client = await connectOperator(args, io.env, { service: 'projector', scopes, signal });
      const done = action(createReadModelsPort(client), { signal });
      return report(done, { isJson: args.has('json'), io });
    });
  },
};

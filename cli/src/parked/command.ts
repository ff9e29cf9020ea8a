import { PARK_REASONS } from '@zameni/contracts';
import type { Command } from '../framework/command.ts';
import { jsonOption } from '../framework/global-options.ts';
import { listenForInterrupts, orStopped } from '../framework/interrupts.ts';
import { alignColumns } from '../framework/io.ts';
import { type Action, ACTIONS, prepare, WAIT_SECONDS } from './actions.ts';
import { connectOperator, operatorOptions } from '../operator/connect.ts';
import { createOperatorPort } from './operator-port.ts';

const reasons = alignColumns(
  Object.entries(PARK_REASONS).map(([reason, meaning]) => [`  ${reason}`, meaning]),
);

/** `zameni parked`: shows the parked subjects, tries them again, or discards a record. */
export const parkedCommand: Command = {
  name: 'parked',
  summary: 'show accounts whose records cannot be applied; redrive or discard them',
  operand: { name: 'action', choices: ACTIONS },
  object: { name: 'id', isMany: true },
  options: [
    { name: 'projection', value: '<name>', summary: 'ls: only those of this projection' },
    {
      name: 'reason',
      value: '<word>',
      summary: 'ls, redrive --all: only those parked for it; discard: why',
    },
    { name: 'id', value: '<id>', summary: 'ls: only those of this id' },
    { name: 'all', summary: 'redrive: every parked account and attempt' },
    {
      name: 'position',
      value: '<position>',
      summary: 'discard: the record that show printed; refused if another is parked now',
    },
    { name: 'dry-run', summary: 'redrive, discard: only show what would be changed' },
    {
      name: 'wait',
      value: '<seconds>',
      summary: `redrive, discard: time to wait, 0 to ${WAIT_SECONDS.max} (default: ${WAIT_SECONDS.byDefault})`,
    },
    jsonOption,
    ...operatorOptions('projector'),
  ],
  description: `
A record that cannot be applied to the read models parks its account or attempt:
that record and all later ones of the same account wait in the log. All others go
on. An id is that of the account or attempt; the full subject names one of them.

ls lists what is parked, and show prints all about one id. The reasons are:

${reasons.join('\n')}

redrive asks the projector to apply what waits, in order, after the cause was
repaired. It waits and reports each: "done", "parked-again" if it failed again, or
"not-done" if the projector has not tried it within --wait. The request stays.

discard skips the parked record for ever, in every version of the projection, and
redrives what waits behind it. The person then lacks what the record says, so it
is the last resort. --reason is kept with the decision: one lower-case word, such
as lost-key.

The command needs a token with the scope ops:read, or ops:write for a change.`,
  examples: [
    'npx zameni parked ls',
    'npx zameni parked show 01890a5d-ac96-774b-bcce-b302099a8057',
    'npx zameni parked redrive 01890a5d-ac96-774b-bcce-b302099a8057',
    'npx zameni parked redrive --all --reason key-unusable --dry-run',
    'npx zameni parked discard ID --reason lost-key --position 4711',
  ],
  exitStatuses: { 1: 'failed, or something is still parked after redrive or discard' },
  run: async (args, io) => {
    // Checked against the names of the actions.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const action = args.operand as Action;
    const run = prepare(action, args, io);
    using interrupts = listenForInterrupts(() => {
      if (action === 'redrive' || action === 'discard') {
        io.stderr.write('\nStopping. What was requested goes on.\n');
      }
    });
    const scopes = ['ops:read', 'ops:write'] as const;
    return await orStopped(interrupts, async () => {
      const { signal } = interrupts;
      const client = await connectOperator(args, io.env, { service: 'projector', scopes, signal });
      return run(createOperatorPort(client), interrupts);
    });
  },
};

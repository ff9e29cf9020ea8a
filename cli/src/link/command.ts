import { parseUserId } from '@zameni/contracts';
import { readStack } from '@zameni/runtime/stack';
import { type Command, EXIT, UsageError } from '../framework/command.ts';
import { profileOf } from '../framework/connection.ts';
import { jsonOption, profileOption } from '../framework/global-options.ts';
import { toJsonLine } from '../framework/io.ts';

/** `zameni link`: prints a verification link, because the local stack sends no mail. */
export const linkCommand: Command = {
  name: 'link',
  summary: 'print the link that proves a mailbox, for the local stack',
  operand: { name: 'id' },
  options: [
    { name: 'own', summary: "the attempt's own link, even if an account holds the address" },
    { name: 'undo', summary: 'the link to the old mailbox that stops a pending address change' },
    jsonOption,
    profileOption,
  ],
  description: `
Prints the link that a verification mail would carry now.

If <id> is that of an attempt, as a public registration returns it, the command
prints the attempt's own link. If an unproven account holds the address, it prints
the link of that account, with which the owner of the mailbox can confirm or
disown it. If a proven account holds the address, there is no link. With --own it
prints the attempt's own link in any case.

If <id> is that of an account, it prints the link of the pending address change.
If no change is pending, it prints the link of the registration. With --undo it
prints the link that the old mailbox gets, which stops the pending change.

It reads the log and the keys of the stack that npm start set up, so it works only
there. Everybody who has the link can prove the mailbox: treat it like a password.`,
  examples: [
    'npx zameni link 01890a5d-ac96-774b-bcce-b302099a8057',
    'npx zameni link REGISTRATION_ID --json | jq -r .token',
    'npx zameni link REGISTRATION_ID --own',
    'npx zameni link USER_ID --undo',
  ],
  exitStatuses: { 1: 'failed, or there is nothing to prove' },
  run: async (args, { stdout, env }) => {
    const id = parseUserId(args.operand);
    if (id === undefined) throw new UsageError('<id> is a UUID, as a registration returns it');
    const stack = await readStack(profileOf(args));
    const [{ issueLink }, { attemptLifetimeSeconds }] = await Promise.all([
      import('./make.ts'),
      import('../../../deploy/local/secrets/attempt-keys.ts'),
    ]);
    const report = await issueLink(stack, {
      id,
      isOwn: args.has('own'),
      isUndo: args.has('undo'),
      now: new Date(),
      lifetimeSeconds: attemptLifetimeSeconds(env),
    });
    stdout.write(args.has('json') ? toJsonLine(report) : `${report.link}\n`);
    return EXIT.done;
  },
};

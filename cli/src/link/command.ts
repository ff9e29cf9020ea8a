import { parseUserId } from '@zameni/contracts';
import { readStack } from '@zameni/runtime/stack';
import { type Command, EXIT, UsageError } from '../framework/command.ts';
import { profileOf } from '../framework/connection.ts';
import { jsonOption, profileOption } from '../framework/global-options.ts';

/** `zameni link`: prints a verification link, because the local stack sends no mail. */
export const linkCommand: Command = {
  name: 'link',
  summary: 'print the link that proves a mailbox, for the local stack',
  operand: { name: 'id' },
  options: [
    { name: 'own', summary: "the attempt's own link, also where an account holds the address" },
    jsonOption,
    profileOption,
  ],
  description: `
Prints the link that a verification mail would carry now.

<id> of an attempt, which a public registration answers: its own link; or, while
an account that nobody has proven holds the address, the link of that account, for
the owner of the mailbox to confirm or disown it. A proven account keeps the
address, and there is no link. --own gives the attempt's own link in any case.

<id> of an account: that of a pending address change when there is one, else that
of the registration.

It reads the log and the keys of the stack that npm start set up, so it works
there only. Whoever has the link can prove the mailbox: treat it like a password.`,
  examples: [
    'npx zameni link 01890a5d-ac96-774b-bcce-b302099a8057',
    'npx zameni link REGISTRATION_ID --json | jq -r .token',
    'npx zameni link REGISTRATION_ID --own',
  ],
  exitStatuses: { 1: 'failed, or there is nothing to prove' },
  run: async (args, { stdout, env }) => {
    const id = parseUserId(args.operand);
    if (id === undefined) throw new UsageError('<id> is a UUID, as a registration answers it');
    const stack = await readStack(profileOf(args));
    const [{ issueLink }, { attemptLifetimeSeconds }] = await Promise.all([
      import('./issue-link.ts'),
      import('../../../deploy/local/secrets/attempt-keys.ts'),
    ]);
    const report = await issueLink(stack, {
      id,
      isOwn: args.has('own'),
      now: new Date(),
      lifetimeSeconds: attemptLifetimeSeconds(env),
    });
    stdout.write(args.has('json') ? `${JSON.stringify(report)}\n` : `${report.link}\n`);
    return EXIT.done;
  },
};

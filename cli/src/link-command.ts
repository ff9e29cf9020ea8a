import { parseUserId } from '@zameni/contracts';
import { readStack } from '@zameni/runtime/stack';
import { type Command, EXIT, UsageError } from './command.ts';
import { profileOf } from './connection.ts';
import { jsonOption, profileOption } from './global-options.ts';

/** `zameni link`: prints a verification link of the local stack, which sends no mail. */
export const linkCommand: Command = {
  name: 'link',
  summary: 'print the link that proves a mailbox, for the local stack',
  operand: { name: 'id' },
  options: [jsonOption, profileOption],
  description: `
Prints the link that the verification mail to this person would carry: that of a
pending address change when there is one, else that of the registration. It reads
the log and the keys of the stack that npm start set up, so it works there only.
Whoever has the link can prove the mailbox: treat it like a password.`,
  examples: [
    'npx zameni link 01890a5d-ac96-774b-bcce-b302099a8057',
    'npx zameni link REGISTRATION_ID --json | jq -r .token',
  ],
  exitStatuses: { 1: 'failed, or there is nothing to prove' },
  run: async (args, { stdout }) => {
    const userId = parseUserId(args.operand);
    if (userId === undefined) throw new UsageError('<id> is a UUID, as a registration answers it');
    const stack = await readStack(profileOf(args));
    const { issueLink } = await import('./issue-link.ts');
    const report = await issueLink(stack, userId);
    stdout.write(args.has('json') ? `${JSON.stringify(report)}\n` : `${report.link}\n`);
    return EXIT.done;
  },
};

import { SCOPES, type Scope } from '@zameni/contracts';
import { readStack, type Stack } from '@zameni/runtime/stack';
import { parseInteger } from '../framework/arguments.ts';
import { type Command, EXIT, UsageError } from '../framework/command.ts';
import { profileOption } from '../framework/global-options.ts';
import { alignColumns } from '../framework/io.ts';
import { issueToken, LOCAL_SUBJECT } from '../framework/local-issuer.ts';

const scopes = alignColumns(
  Object.entries(SCOPES).map(([scope, meaning]) => [`  ${scope}`, meaning]),
);

const DEFAULT_TTL_SECONDS = 3_600;
const MAX_TTL_SECONDS = 24 * 3_600;

/** `zameni token`: prints a token from the local stack's issuer. */
export const tokenCommand: Command = {
  name: 'token',
  summary: 'print an access token for the local stack',
  options: [
    {
      name: 'scope',
      value: '<scope>',
      summary: 'what the token allows',
      choices: Object.keys(SCOPES),
      isMany: true,
    },
    {
      name: 'subject',
      value: '<id>',
      summary: `the "sub" of the token (default: ${LOCAL_SUBJECT})`,
    },
    {
      name: 'ttl',
      value: '<seconds>',
      summary: `1 to ${MAX_TTL_SECONDS} (default: ${DEFAULT_TTL_SECONDS})`,
    },
    profileOption,
  ],
  description: `
Prints a JWT signed by the issuer of the stack that npm start set up. A token
without a scope only names its subject. With --subject <user id> it is that
person's own token.

Scopes:
${scopes.join('\n')}`,
  examples: [
    'npx zameni token --scope users:read --scope registrations:write',
    'curl -H "Authorization: Bearer $(npx zameni token --scope users:read)" ...',
  ],
  run: async (args, { stdout }) => {
    const subject = args.value('subject') ?? LOCAL_SUBJECT;
    if (subject === '') throw new UsageError('--subject must not be empty');
    const ttlSeconds = parseInteger(args, 'ttl', {
      min: 1,
      max: MAX_TTL_SECONDS,
      byDefault: DEFAULT_TTL_SECONDS,
    });
    // Both are checked against their choices.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const scopes = args.values('scope') as Scope[];
    // Checked against the choices of the option.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const profile = (args.value('profile') ?? 'local') as Stack['profile'];
    const stack = await readStack(profile);
    stdout.write(`${await issueToken(stack, { scopes, subject, ttlSeconds })}\n`);
    return EXIT.done;
  },
};

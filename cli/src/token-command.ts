import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { SCOPES, type Scope } from '@zameni/contracts';
import { readStack } from '@zameni/runtime/stack';
import { importJWK, SignJWT } from 'jose';
import { type Command, UsageError } from './command.ts';

const scopes = Object.entries(SCOPES)
  .map(([scope, meaning]) => `  ${scope.padEnd(20)}  ${meaning}\n`)
  .join('');

const DEFAULT_TTL_SECONDS = 3_600;
const MAX_TTL_SECONDS = 24 * 3_600;

/** `zameni token`: prints a token of the local stack's own issuer. */
export const tokenCommand: Command = {
  name: 'token',
  summary: 'print an access token for the local stack',
  help: `Usage: npx zameni token [--scope <scope>]... [--subject <id>] [--ttl <seconds>] [--profile local|test]

Prints a JWT signed by the issuer of the stack that npm start set up. Without a scope the token says
only who its bearer is; a person may read herself with --subject <her user id>.

Scopes:
${scopes}
Options:
  --scope <scope>     may be given more than once
  --subject <id>      the "sub" of the token (default: local-operator)
  --ttl <seconds>     1 to ${MAX_TTL_SECONDS} (default: ${DEFAULT_TTL_SECONDS})
  --profile <name>    local, or test for the stack of npm test (default: local)

Example:
  npx zameni token --scope users:read --scope registrations:write
`,
  run: async (args, { stdout }) => {
    const options = parseOptions(args);
    const stack = await readStack(options.profile);
    const jwk = JSON.parse(await readFile(stack.tokens.issuerKeyFile, 'utf8'));
    const token = await new SignJWT({ scope: options.scopes.join(' ') })
      .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, typ: 'at+jwt' })
      .setIssuer(stack.tokens.issuer)
      .setAudience(stack.tokens.audience)
      .setSubject(options.subject)
      .setIssuedAt()
      .setExpirationTime(`${options.ttlSeconds}s`)
      .sign(await importJWK(jwk));
    stdout.write(`${token}\n`);
  },
};

type Options = {
  readonly scopes: readonly Scope[];
  readonly subject: string;
  readonly ttlSeconds: number;
  readonly profile: 'local' | 'test';
};

function parseOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  const unknown = values.scope.filter((scope) => !Object.hasOwn(SCOPES, scope));
  if (unknown.length > 0) {
    throw new UsageError(
      `no such scope: ${unknown.join(', ')}. Scopes: ${Object.keys(SCOPES).join(', ')}`,
    );
  }
  const ttlSeconds = Number(values.ttl);
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
    throw new UsageError(`--ttl takes 1 to ${MAX_TTL_SECONDS} seconds`);
  }
  if (values.subject === '') throw new UsageError('--subject must not be empty');
  if (values.profile !== 'local' && values.profile !== 'test') {
    throw new UsageError('--profile is local or test');
  }
  // Checked against the table above.
  const known = values.scope as Scope[];
  return { scopes: known, subject: values.subject, ttlSeconds, profile: values.profile };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      options: {
        scope: { type: 'string', multiple: true, default: [] },
        subject: { type: 'string', default: 'local-operator' },
        ttl: { type: 'string', default: String(DEFAULT_TTL_SECONDS) },
        profile: { type: 'string', default: 'local' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

import type { Scope } from '@zameni/contracts';
import { readStack, type Stack, StackFileError } from '@zameni/runtime/stack';
import { type Arguments, UsageError } from './command.ts';
import type { Io } from './io.ts';
import { issueToken, LOCAL_SUBJECT } from './local-issuer.ts';

/** The target of requests, and their token. */
export type Connection = {
  /** Without a slash at the end. */
  readonly url: string;
  /** The local stack, if the URL is that of its gateway. */
  readonly stack: Stack | undefined;
  /** Returns a token with the scopes that does not expire soon. Undefined if there is none. */
  readonly token: () => Promise<string | undefined>;
};

/** The local stack's URL by default, for when it has never been started. */
const USUAL_URL = 'http://127.0.0.1:8080';

const TOKEN_TTL_SECONDS = 3_600;
/** A local token is replaced long before it expires, because a file may take hours. */
const TOKEN_RENEWAL_MS = 10 * 60 * 1_000;

/** Determines target and token of requests from the options and the local stack. */
export async function connect(
  args: Arguments,
  env: Io['env'],
  scopes: readonly Scope[],
): Promise<Connection> {
  const profile = profileOf(args);
  const given = parseUrl(args.value('url'));
  const stack = await findStack(profile);
  if (given === undefined && stack === undefined && profile !== 'local') await readStack(profile);
  const url = given ?? stack?.gateway.url ?? USUAL_URL;
  const ownStack = stack !== undefined && stack.gateway.url === url ? stack : undefined;
  const token = args.value('token') ?? (env['ZAMENI_TOKEN'] || undefined);
  if (token !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError('the token is not a JWT');
    return { url, stack: ownStack, token: async () => token };
  }
  // Other hosts do not accept a token of the local issuer, so it is not sent there.
  const issuer = isLoopback(url) ? stack : undefined;
  return { url, stack: ownStack, token: createTokenSource(issuer, scopes) };
}

/** Returns the profile of the local stack. */
export function profileOf(args: Arguments): Stack['profile'] {
  // Checked against the choices of the option.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (args.value('profile') ?? 'local') as Stack['profile'];
}

/** Reads the description of a local stack. Returns undefined if it was never started. */
export async function findStack(profile: Stack['profile']): Promise<Stack | undefined> {
  try {
    return await readStack(profile);
  } catch (error) {
    // Without a cause the file exists but has another version, which must be reported.
    if (error instanceof StackFileError && error.cause !== undefined) return undefined;
    throw error;
  }
}

function createTokenSource(
  stack: Stack | undefined,
  scopes: readonly Scope[],
): Connection['token'] {
  if (stack === undefined) return async () => undefined;
  let token: Promise<string> | undefined;
  let renewAt = 0;
  return async () => {
    if (token === undefined || performance.now() >= renewAt) {
      renewAt = performance.now() + TOKEN_RENEWAL_MS;
      token = issueToken(stack, { scopes, subject: LOCAL_SUBJECT, ttlSeconds: TOKEN_TTL_SECONDS });
    }
    return token;
  };
}

/** Parses an address without a slash at its end. Throws UsageError for another text. */
export function parseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError('--url takes an address such as http://127.0.0.1:8080');
  }
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError('--url takes no login, query or fragment');
  }
  return url.href.replace(/\/+$/, '');
}

function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

import type { Scope } from '@zameni/contracts';
import { readStack, type Stack, StackFileError } from '@zameni/runtime/stack';
import { type Arguments, UsageError } from './command.ts';
import type { Io } from './io.ts';
import { issueToken, LOCAL_SUBJECT } from './local-issuer.ts';

/** Where requests go and as whom. */
export type Connection = {
  /** Without a slash at the end. */
  readonly url: string;
  /** The local stack, when the URL is its gateway's. */
  readonly stack: Stack | undefined;
  /** A token with the scopes that is still good for a while; undefined when there is none. */
  readonly token: () => Promise<string | undefined>;
};

/** Where the local stack listens when it has not described itself yet. */
const USUAL_URL = 'http://127.0.0.1:8080';

const TOKEN_TTL_SECONDS = 3_600;
/** A local token is replaced long before it ends, because a file may take hours. */
const TOKEN_RENEWAL_MS = 10 * 60 * 1_000;

/** Finds out where to send requests and with which token, from the options and the local stack. */
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
  // A token of the local issuer is of no use elsewhere, so it is not sent there.
  const issuer = isLoopback(url) ? stack : undefined;
  return { url, stack: ownStack, token: createTokenSource(issuer, scopes) };
}

/** The local stack that is meant; the choices of `--profile` were checked. */
export function profileOf(args: Arguments): Stack['profile'] {
  // Checked against the choices of the option.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (args.value('profile') ?? 'local') as Stack['profile'];
}

/** The description of a local stack; undefined when it was never started. */
export async function findStack(profile: Stack['profile']): Promise<Stack | undefined> {
  try {
    return await readStack(profile);
  } catch (error) {
    // Without a cause the file is there and of another version, which the person should hear.
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

function parseUrl(text: string | undefined): string | undefined {
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

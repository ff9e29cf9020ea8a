import { createClient, ROUTES, type Scope } from '@zameni/contracts';
import { personAt } from '../support/actors.ts';
import { openMailboxes } from '../support/mailbox.ts';
import type { System } from '../support/system.ts';
import type { Target } from './case.ts';
import type { Known } from './requests.ts';

/** Scopes for everything that callers ask for, except erasure. */
const LASTING_SCOPES = [
  'registrations:write',
  'users:import',
  'users:read',
  'users:write',
  'users:admin',
  'stats:read',
  'ops:read',
] as const satisfies readonly Scope[];

/** Number of accounts and attempts to read, and number to erase. Nothing else uses the latter. */
const LASTING = { accounts: 10, attempts: 5 };
const DOOMED = { accounts: 10, attempts: 5 };

/** Operations that erase a person, or report the progress. */
const ENDINGS = new Set(['eraseUser', 'readErasure']);

/** Ids, tokens and positions that the fuzz uses, and the token that reads people. */
export type Prepared = Known & {
  readonly token: string;
  readonly targets: readonly Target[];
};

/** Registers a few accounts and attempts, and gets several kinds of tokens. */
export async function prepareKnown({ gatewayUrl, stack, token }: System): Promise<Prepared> {
  const everything = await token(LASTING_SCOPES, 'fuzz');
  const client = createClient({ baseUrl: gatewayUrl, fetch });
  await using mailboxes = await openMailboxes(stack);
  const links: string[] = [];
  let position = '';
  let count = 0;
  const prepare = async (kind: 'account' | 'attempt'): Promise<string> => {
    count += 1;
    const body = personAt(`known.${count}.${process.pid}@fuzz.example.org`);
    const call = kind === 'account' ? { token: everything } : {};
    const answer = await client.registerPerson({ body }, call);
    if (answer.status !== 201 && answer.status !== 202) {
      throw new Error(`the ${kind} was answered ${answer.status}`);
    }
    position = answer.headers.Position;
    const id = 'userId' in answer.body ? answer.body.userId : answer.body.registrationId;
    links.push(await mailboxes.tokenFor(id, kind === 'account' ? 'registered' : 'attempt'));
    return id;
  };
  const prepareAll = async ({ accounts, attempts }: typeof LASTING) => {
    const ids: string[] = [];
    for (let n = 0; n < accounts; n += 1) ids.push(await prepare('account'));
    for (let n = 0; n < attempts; n += 1) ids.push(await prepare('attempt'));
    return ids;
  };
  const lasting = await prepareAll(LASTING);
  const doomed = await prepareAll(DOOMED);
  const self = await token([], lasting[0]);
  const eraser = await token(['users:erase'], 'fuzz');
  const nobody = await token([], 'nobody');
  const gateway = { name: 'gateway', port: stack.gateway.port };
  const services = stack.services.filter(
    ({ service }) => service === 'command-api' || service === 'query-api',
  );
  const vouching = [`Bearer ${everything}`, `bearer ${everything}`];
  return {
    token: everything,
    idsOf: ({ id }) => (ENDINGS.has(id) ? doomed : lasting),
    links,
    position,
    vouching: new Set(vouching),
    authorizationsOf: ({ id }) => [
      undefined,
      ...(ENDINGS.has(id) ? [`Bearer ${eraser}`] : []),
      ...vouching,
      `Bearer ${self}`,
      `Bearer ${nobody}`,
    ],
    targets: [gateway, ...services],
    targetsOf: ({ method, path }) => {
      const route = ROUTES.find((each) => each.method === method && each.path === path);
      // The pages of the reference are not routes of the table.
      const service = route?.service ?? 'query-api';
      return [gateway, ...services.filter((each) => each.service === service)];
    },
  };
}

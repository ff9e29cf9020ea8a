import { ROUTES, type Scope } from '@zameni/contracts';
import type { Target } from './fuzz-case.ts';
import type { Known } from './fuzz-requests.ts';
import { openMailboxes } from './mailbox.ts';
import type { System } from './system.ts';

/** Scopes that open everything there is but an end. */
const LASTING_SCOPES = [
  'registrations:write',
  'users:import',
  'users:read',
  'users:write',
  'users:admin',
] as const satisfies readonly Scope[];

/** People to ask about, and people to erase, who are asked about by nothing else. */
const PEOPLE = 10;
const DOOMED = 10;

/** What brings a person to an end, or tells of it. */
const ENDINGS = new Set(['eraseUser', 'readErasure']);

/** Everything the fuzz asks with, and the token that reads people. */
export type Prepared = Known & {
  readonly token: string;
  readonly targets: readonly Target[];
};

/** Registers a few people to ask for and gets tokens of several kinds. */
export async function prepareKnown({ gatewayUrl, stack, token }: System): Promise<Prepared> {
  const everything = await token(LASTING_SCOPES, 'fuzz');
  const people: { readonly id: string; readonly position: string }[] = [];
  for (let n = 0; n < PEOPLE + DOOMED; n += 1) {
    const response = await fetch(`${gatewayUrl}/v1/registrations`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': `known-person-of-the-fuzz-test-${n}`,
      },
      body: JSON.stringify({
        email: `known.${n}@fuzz.example.org`,
        displayName: `Known ${n}`,
        locale: 'en',
        termsVersion: '1',
      }),
    });
    const { registrationId } = (await response.json()) as { registrationId: string };
    people.push({ id: registrationId, position: response.headers.get('position') ?? '' });
  }
  const self = await token([], people[0]?.id);
  const eraser = await token(['users:erase'], 'fuzz');
  const nobody = await token([], 'nobody');
  const ids = people.map(({ id }) => id);
  await using mailboxes = await openMailboxes(stack);
  const links = await Promise.all(ids.map((id) => mailboxes.tokenFor(id, 'registered')));
  const gateway = { name: 'gateway', port: stack.gateway.port };
  const services = stack.services.filter(({ service }) => service !== 'projector');
  return {
    token: everything,
    idsOf: ({ id }) => (ENDINGS.has(id) ? ids.slice(PEOPLE) : ids.slice(0, PEOPLE)),
    links,
    position: people.at(-1)?.position ?? '',
    authorizationsOf: ({ id }) => [
      undefined,
      `Bearer ${ENDINGS.has(id) ? eraser : everything}`,
      `bearer ${everything}`,
      `Bearer ${self}`,
      `Bearer ${nobody}`,
    ],
    targets: [gateway, ...services],
    targetsOf: ({ method, path }) => {
      const route = ROUTES.find((each) => each.method === method && each.path === path);
      // The pages of the reference are no routes of the table.
      const service = route?.service ?? 'query-api';
      return [gateway, ...services.filter((each) => each.service === service)];
    },
  };
}

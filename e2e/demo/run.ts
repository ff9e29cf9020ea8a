import { type Client, createClient, type UserView } from '@zameni/contracts';
import { mapConcurrently } from '../support/concurrently.ts';
import { type Latency, summarize } from '../support/latency.ts';
import type { Person } from './people.ts';

/** The results of the demo. */
export type DemoReport = {
  /** Registrations that were accepted, as accounts or as attempts. */
  readonly accepted: number;
  /** Accounts that became readable. */
  readonly readBack: number;
  /** Attempts, which await proof of their mailboxes: those of a token without the scope. */
  readonly awaitingProof: number;
  /** How many registrations were refused, by the code of the problem. */
  readonly refused: Readonly<Record<string, number>>;
  /**
   * One line for each person who was not registered or read back as sent. Contains no personal data.
   */
  readonly faults: readonly string[];
  /** Milliseconds from sending the request to its 201. */
  readonly accept: Latency;
  /** Milliseconds from the 201 until the person's page is readable. */
  readonly acceptToReadable: Latency;
  readonly seconds: number;
};

/** The target of the demo, and a token that may register people and read them. */
export type DemoOptions = {
  readonly gatewayUrl: string;
  readonly token: string;
  readonly people: readonly Person[];
  readonly concurrency: number;
  readonly onProgress?: (done: number) => void;
};

/**
 * Registers vouched people through the gateway, reads each at its position, compares all fields.
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const faults: string[] = [];
  const refused: Record<string, number> = {};
  let awaitingProof = 0;
  const acceptMs: number[] = [];
  const readableMs: number[] = [];
  const { gatewayUrl: baseUrl, token } = options;
  const client = createClient({ baseUrl, fetch, token });
  const startedAt = performance.now();
  await mapConcurrently(options.people, options.concurrency, async (person, index) => {
    const sentAt = performance.now();
    const accepted = await postRegistration(client, person);
    const acceptedAt = performance.now();
    if ('code' in accepted) {
      refused[accepted.code] = (refused[accepted.code] ?? 0) + 1;
      return void faults.push(`line ${index + 1}: refused with ${accepted.code}`);
    }
    acceptMs.push(acceptedAt - sentAt);
    if ('registrationId' in accepted) return void (awaitingProof += 1);
    const user = await getUser(client, accepted.userId, accepted.position);
    if ('fault' in user) return void faults.push(`line ${index + 1}: ${user.fault}`);
    readableMs.push(performance.now() - acceptedAt);
    const wrong = compare(person, accepted.userId, user.view);
    if (wrong.length > 0) faults.push(`line ${index + 1}: differs in ${wrong.join(', ')}`);
    options.onProgress?.(readableMs.length);
  });
  return {
    accepted: acceptMs.length,
    readBack: readableMs.length,
    awaitingProof,
    refused,
    faults,
    accept: summarize(acceptMs),
    acceptToReadable: summarize(readableMs),
    seconds: (performance.now() - startedAt) / 1_000,
  };
}

async function postRegistration(client: Client, { body, idempotencyKey }: Person) {
  const headers = { 'Idempotency-Key': idempotencyKey };
  const answer = await client.registerPerson({ body, headers });
  if (answer.status === 202) return { registrationId: answer.body.registrationId };
  if (answer.status !== 201) return { code: answer.code };
  return { userId: answer.body.userId, position: answer.headers.Position };
}

async function getUser(client: Client, id: string, position: string) {
  const headers = { 'Min-Position': position, Prefer: 'wait=30' };
  const answer = await client.readUser({ params: { id }, headers });
  if (answer.status !== 200) return { fault: `is not readable (${answer.status})` };
  return { view: answer.body };
}

function compare({ body }: Person, userId: string, view: UserView): string[] {
  const expected: Omit<UserView, 'registeredAt'> = {
    userId,
    email: body.email.trim(),
    emailVerified: false,
    displayName: body.displayName.trim(),
    locale: body.locale,
    termsVersion: body.termsVersion,
    profile: body.profile ?? {},
    status: 'active',
    version: 1,
  };
  const { registeredAt: _registeredAt, ...actual } = view;
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].filter(
    (name) => canonical(Reflect.get(expected, name)) !== canonical(Reflect.get(actual, name)),
  );
}

/** JSON with sorted object keys, because a profile is returned in any order. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  return JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

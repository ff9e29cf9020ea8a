import { randomUUID } from 'node:crypto';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { type Kind, KINDS, prepareAddresses } from '../equality/address-kinds.ts';
import { DELAY_HEADER, startDelayingProxy } from '../equality/delaying-proxy.ts';
import { judgeDifferences } from '../equality/equivalence.ts';
import { createStranger, type Seen, type Stranger } from '../equality/strangers.ts';
import { attachSystem } from '../support/system.ts';

/** Rounds of one request of each kind, in blocks. The first rounds of a block are not counted. */
const BLOCK = 40;
const WARM_UP = 5;
/** The margin of the median of the differences around zero, and the planted delay. */
const MARGIN_MS = 3;
const PLANTED_MS = 5;
/**
 * Milliseconds between the bounds of a median that is precise enough. Blocks are added until all
 * are, whatever the verdict would be; a busy machine needs more of them.
 */
const MAX_WIDTH_MS = 2;
const MAX_BLOCKS = 9;

const REGISTER = '/v1/registrations';
const RESEND = '/v1/email-verifications/resend';

const system = await attachSystem();
const actors = await createActors(system, 'equality');
const [target] = system.stack.services.filter(({ service }) => service === 'command-api');
if (target === undefined) throw new Error('there is no command API');
const proxy = await startDelayingProxy(target.port);
test.after.always(async () => {
  await proxy[Symbol.asyncDispose]();
  await actors[Symbol.asyncDispose]();
});

/** An answer in which every value that may differ is replaced by its form. */
function formOf({ status, headers, body }: Pick<Seen, 'status' | 'headers' | 'body'>) {
  const toForm = (text: string) =>
    text
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, 'uuid')
      .replace(/^[\w-]{23}$/, 'position')
      .replace(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/, 'date');
  const forms = Object.entries(headers).map(([name, value]) => [name, toForm(value)]);
  return { status, headers: forms, body: toForm(JSON.stringify(body)) };
}

/** A stranger's requests for one address, with one answer for each. */
type Asking = {
  readonly name: string;
  readonly ask: (stranger: Stranger, email: string, headers: object) => Promise<readonly Seen[]>;
};
type Differences = Map<string, number[]>;

const register: Asking = {
  name: 'reg',
  ask: async (stranger, email, headers) => [
    await stranger.post(REGISTER, personAt(email), { ...headers }),
  ],
};

/** A registration under a key, and its retry. */
const retry: Asking = {
  name: 'key',
  ask: async (stranger, email, headers) => {
    const keyed = { ...headers, 'idempotency-key': randomUUID() };
    const first = await stranger.post(REGISTER, personAt(email), keyed);
    return [first, await stranger.post(REGISTER, personAt(email), keyed)];
  },
};

const resend: Asking = {
  name: 'res',
  ask: async (stranger, email, headers) => [await stranger.post(RESEND, { email }, { ...headers })],
};

/** Adds the milliseconds by which each kind took longer than a new address of the same round. */
async function addBlock(
  t: ExecutionContext,
  { name, ask }: Asking,
  { block, differences }: { readonly block: number; readonly differences: Differences },
): Promise<void> {
  const label = `${name}-${block}`;
  const count = WARM_UP + BLOCK;
  const addresses = new Map<string, (n: number) => string>();
  for (const kind of KINDS) {
    addresses.set(kind, await prepareAddresses(actors, kind, { label, count }));
  }
  addresses.set('planted', (n) => `pla-${label}-${pad(n)}@equality.example.org`);
  using stranger = createStranger(proxy.port);
  let expected: unknown;
  for (let round = 0; round < count; round += 1) {
    const took = new Map<string, readonly number[]>();
    for (const [kind, addressOf] of shuffle([...addresses])) {
      const planted = kind === 'planted' ? { [DELAY_HEADER]: PLANTED_MS } : {};
      const seen = await ask(stranger, addressOf(round), planted);
      const forms = seen.map(formOf);
      expected ??= forms;
      t.deepEqual(forms, expected, kind);
      t.true(isSame(seen), kind);
      t.true(seen.every(({ status }) => status === 202));
      took.set(
        kind,
        seen.map(({ ms }) => ms),
      );
    }
    if (round < WARM_UP) continue;
    for (const [kind, all] of took) {
      if (kind === 'new') continue;
      for (const [n, ms] of all.entries()) {
        const which = `${kind} ${n + 1}`;
        const difference = ms - (took.get('new')?.[n] ?? Number.NaN);
        differences.set(which, [...(differences.get(which) ?? []), difference]);
      }
    }
  }
}

/** Whether a retry gets the same id and position. */
function isSame(seen: readonly Seen[]): boolean {
  const answers = seen.map(({ body, headers }) => JSON.stringify([body, headers['position']]));
  return new Set(answers).size === 1;
}

function pad(n: number): string {
  return String(n).padStart(4, '0');
}

function shuffle<Item>(items: Item[]): Item[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    const [a, b] = [items[last], items[other]];
    if (a === undefined || b === undefined) continue;
    items[last] = b;
    items[other] = a;
  }
  return items;
}

/** Adds blocks until the medians are precise enough. */
async function sample(t: ExecutionContext, asking: Asking): Promise<Differences> {
  const differences: Differences = new Map();
  for (let block = 1; block <= MAX_BLOCKS; block += 1) {
    await addBlock(t, asking, { block, differences });
    const widths = [...differences.values()].map((some) => {
      const { low, high } = judgeDifferences(some, MARGIN_MS);
      return high - low;
    });
    if (Math.max(...widths) <= MAX_WIDTH_MS) break;
    t.log(`too coarse: ${widths.map((ms) => ms.toFixed(1)).join(' ')} ms`);
  }
  return differences;
}

async function judgeAll(t: ExecutionContext, asking: Asking): Promise<void> {
  for (const [kind, some] of await sample(t, asking)) {
    const { verdict, median, low, high } = judgeDifferences(some, MARGIN_MS);
    const summary = `${kind}: ${[median, low, high].map((ms) => ms.toFixed(2)).join(' ')} ms`;
    t.log(summary);
    t.is(verdict, kind.startsWith('planted') ? 'different' : 'equivalent', summary);
  }
}

test.serial('the answer to a registration does not depend on the state of the address', (t) =>
  judgeAll(t, register),
);

test.serial('nor does the answer to a keyed registration or its retry', (t) => judgeAll(t, retry));

test.serial('nor does the answer to a request for another mail', (t) => judgeAll(t, resend));

test.serial('a stranger reads the same status for every state of the address', async (t) => {
  using stranger = createStranger(proxy.port);
  const read = async (id: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${system.gatewayUrl}${REGISTER}/${id}`, { headers });
    // This header depends on the store that answered, not on what was read.
    const { age: _age, ...seenHeaders } = Object.fromEntries(answer.headers);
    return formOf({ status: answer.status, headers: seenHeaders, body: await answer.json() });
  };
  const seen = new Map<Kind, readonly ReturnType<typeof formOf>[]>();
  for (const kind of KINDS) {
    const addressOf = await prepareAddresses(actors, kind, { label: 'see', count: 1 });
    const body = personAt(addressOf(0));
    const answer = await stranger.post(REGISTER, body, { prefer: 'wait=20' });
    const id = idOf(answer);
    const fresh = { 'Min-Position': answer.headers['position'] ?? '', Prefer: 'wait=20' };
    seen.set(kind, [formOf(answer), await read(id, fresh), await read(id)]);
    const early = await stranger.post(REGISTER, body);
    const first = await read(idOf(early));
    const states = /^{"registrationId":"uuid","status":"(accepted|awaiting-proof)"}$/;
    t.regex(first.body, states, kind);
  }
  const [expected] = seen.values();
  t.is(expected?.[1]?.body, '{"registrationId":"uuid","status":"awaiting-proof"}');
  for (const [kind, answers] of seen) t.deepEqual(answers, expected, kind);
});

test.serial('a stranger cannot see the erasure of the holder of their address', async (t) => {
  using stranger = createStranger(proxy.port);
  const holders = new Map<string, string>();
  const seen: unknown[] = [];
  for (const isHeld of [false, true]) {
    const email = `erased-${isHeld}@equality.example.org`;
    const headers = { prefer: 'wait=20', 'idempotency-key': randomUUID() };
    const body = personAt(email);
    if (isHeld) holders.set(email, (await actors.join(body)).id);
    const first = await stranger.post(REGISTER, body, headers);
    const id = holders.get(email);
    if (id !== undefined) await eraseUntilDone(id);
    const again = await stranger.post(REGISTER, body, headers);
    t.true(isSame([first, again]));
    const other = await stranger.post(REGISTER, { ...body, locale: 'de' }, headers);
    const { age: _age, ...answer } = other.headers;
    const status = await actors.status(idOf(first), String(first.headers['position']));
    seen.push([
      formOf(first),
      formOf(again),
      formOf({ ...other, headers: answer, body: codeOf(other) }),
      status,
    ]);
  }
  t.is(holders.size, 1);
  t.deepEqual(seen[1], seen[0]);
});

/** Erases a person in every store. */
async function eraseUntilDone(id: string): Promise<void> {
  const params = { id };
  await actors.operator.eraseUser({ params });
  await waitUntil(async () => {
    const answer = await actors.operator.readErasure({ params });
    return answer.status === 200 && answer.body.status === 'done';
  }, 20_000);
}

function codeOf({ body }: Seen): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, 'code') : undefined;
}

function idOf({ body }: Seen): string {
  if (typeof body !== 'object' || body === null) throw new Error('a registration has no body');
  return String(Reflect.get(body, 'registrationId'));
}

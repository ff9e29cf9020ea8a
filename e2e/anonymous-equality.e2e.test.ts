import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from './actors.ts';
import { type Kind, KINDS, prepareAddresses } from './address-kinds.ts';
import { startDelayingProxy } from './delaying-proxy.ts';
import { judgeDifferences } from './equivalence.ts';
import { createStranger, type Seen } from './strangers.ts';
import { attachSystem } from './system.ts';

/** Rounds of one request of each kind; those that warm up are not in the sample. */
const ROUNDS = 200;
const WARM_UP = 10;
/** Milliseconds that the median of the differences may be from zero, and that are planted. */
const MARGIN_MS = 3;
const PLANTED_MS = 5;
/**
 * Milliseconds between the bounds of a median that is known well enough. A sample that is coarser, as on a
 * machine that does much else, is taken anew, whatever it says; the last one counts in any case.
 */
const MAX_WIDTH_MS = 2;
const MAX_SAMPLES = 4;

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

/** An answer with everything that differs between any two answers put as its form. */
function formOf({ status, headers, body }: Pick<Seen, 'status' | 'headers' | 'body'>) {
  const toForm = (text: string) =>
    text
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, 'uuid-7')
      .replace(/^[\w-]{23}$/, 'position')
      .replace(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/, 'date');
  const forms = Object.entries(headers).map(([name, value]) => [name, toForm(value)]);
  return { status, headers: forms, body: toForm(JSON.stringify(body)) };
}

/** What strangers send to an address. */
type Request = { readonly path: string; readonly bodyOf: (email: string) => object };
type Differences = Map<Kind | 'planted', number[]>;

/** Milliseconds by which each kind took longer than a new address of the same round. */
async function measure(
  t: ExecutionContext,
  { path, bodyOf }: Request,
  label: string,
): Promise<Differences> {
  const count = ROUNDS + WARM_UP;
  const addresses = new Map<Kind, (n: number) => string>();
  for (const kind of KINDS) {
    addresses.set(kind, await prepareAddresses(actors, kind, { label, count }));
  }
  using stranger = createStranger(proxy.port);
  const differences: Differences = new Map();
  let expected: ReturnType<typeof formOf> | undefined;
  for (let round = 0; round < count; round += 1) {
    const took = new Map<Kind | 'planted', number>();
    for (const kind of shuffle([...KINDS, 'planted' as const])) {
      const isPlanted = kind === 'planted';
      const email = isPlanted
        ? `pla-${label}-${String(round).padStart(4, '0')}@equality.example.org`
        : (addresses.get(kind)?.(round) ?? '');
      const seen = await stranger.post(path, bodyOf(email), isPlanted ? PLANTED_MS : undefined);
      expected ??= formOf(seen);
      t.deepEqual(formOf(seen), expected, kind);
      took.set(kind, seen.ms);
    }
    if (round < WARM_UP) continue;
    const newMs = took.get('new') ?? Number.NaN;
    for (const [kind, ms] of took) {
      if (kind !== 'new') differences.set(kind, [...(differences.get(kind) ?? []), ms - newMs]);
    }
  }
  t.is(expected?.status, 202);
  return differences;
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

/** Takes samples until one is fine enough. */
async function sample(t: ExecutionContext, request: Request): Promise<Differences> {
  for (let taken = 1; ; taken += 1) {
    const label = `${request.path === REGISTER ? 'reg' : 'res'}-${taken}`;
    const differences = await measure(t, request, label);
    const widths = [...differences.values()].map((some) => {
      const { low, high } = judgeDifferences(some, MARGIN_MS);
      return high - low;
    });
    if (Math.max(...widths) <= MAX_WIDTH_MS || taken === MAX_SAMPLES) return differences;
    t.log(`too coarse: ${widths.map((ms) => ms.toFixed(1)).join(' ')} ms`);
  }
}

function judgeAll(t: ExecutionContext, differences: Differences): void {
  for (const [kind, some] of differences) {
    const { verdict, median, low, high } = judgeDifferences(some, MARGIN_MS);
    const told = `${kind}: ${[median, low, high].map((ms) => ms.toFixed(2)).join(' ')} ms`;
    t.log(told);
    t.is(some.length, ROUNDS);
    t.is(verdict, kind === 'planted' ? 'different' : 'equivalent', told);
  }
}

test.serial('a registration is answered the same whatever is behind the address', async (t) => {
  judgeAll(t, await sample(t, { path: REGISTER, bodyOf: personAt }));
});

test.serial('so is the wish for another mail', async (t) => {
  judgeAll(t, await sample(t, { path: RESEND, bodyOf: (email) => ({ email }) }));
});

test.serial('what a stranger reads of a registration is the same at every time', async (t) => {
  using stranger = createStranger(proxy.port);
  const ask = async (id: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${system.gatewayUrl}${REGISTER}/${id}`, { headers });
    // It comes and goes with the cache, whatever was read.
    const { age: _age, ...seenHeaders } = Object.fromEntries(answer.headers);
    return formOf({ status: answer.status, headers: seenHeaders, body: await answer.json() });
  };
  const seen = new Map<Kind, Awaited<ReturnType<typeof ask>>[]>();
  for (const kind of KINDS) {
    const addressOf = await prepareAddresses(actors, kind, { label: 'see', count: 1 });
    const answer = await stranger.post(REGISTER, personAt(addressOf(0)));
    const id = idOf(answer);
    const early = await ask(id);
    t.regex(early.body, /^{"registrationId":"uuid-7","status":"(accepted|processed)"}$/, kind);
    const fresh = { 'Min-Position': answer.headers['position'] ?? '', Prefer: 'wait=20' };
    seen.set(kind, [await ask(id, fresh), await ask(id)]);
  }
  const [expected] = seen.values();
  t.is(expected?.[0]?.body, '{"registrationId":"uuid-7","status":"processed"}');
  for (const [kind, answers] of seen) t.deepEqual(answers, expected, kind);
});

function idOf({ body }: Seen): string {
  if (typeof body !== 'object' || body === null) throw new Error('a registration has no body');
  return String(Reflect.get(body, 'registrationId'));
}

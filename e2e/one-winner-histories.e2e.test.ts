import { randomInt } from 'node:crypto';
import test from 'ava';
import fc, { type Arbitrary } from 'fast-check';
import { type Actors, createActors, personAt } from './actors.ts';
import { apply, type Attempt, type Model, ownerOf, type Step } from './one-winner-model.ts';
import { attachSystem } from './system.ts';

const SEED = Number(process.env['ZAMENI_SEED'] ?? randomInt(2 ** 31));
const HISTORIES = 60;
const LANES = 6;
const ADDRESSES = 3;
/** Fewer than may wait for one mailbox at once, so that nobody is pushed out unseen. */
const MAX_ATTEMPTS = 7;
const MAX_STEPS = 20;
const DEADLINE_MS = 45_000;

const system = await attachSystem();
const actors = await createActors(system, 'one-winner-histories');
test.after.always(() => actors[Symbol.asyncDispose]());

const address = fc.nat(ADDRESSES - 1);
const person = fc.nat(MAX_ATTEMPTS - 1);
const steps: Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ type: fc.constant('register' as const), address }) },
    { weight: 5, arbitrary: fc.record({ type: fc.constant('verify' as const), person }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('change' as const), person, address }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('prove-change' as const), person }) },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constantFrom('deactivate' as const, 'reactivate' as const, 'erase' as const),
        person,
      }),
    },
  ),
  { minLength: 4, maxLength: MAX_STEPS },
);

/** What a history knows of an attempt: its id, and the tokens of its links. */
type Known = { readonly id: string; readonly link: string | undefined; change?: string };

let histories = 0;

/** Does a step against the system; answers the status that was told. */
async function perform(
  { operator, anyone, tokenFor }: Actors,
  known: Known[],
  step: Step,
  emailOf: (address: number) => string,
): Promise<number> {
  if (step.type === 'register') {
    const answer = await operator.registerPerson({ body: personAt(emailOf(step.address)) });
    if (answer.status === 409) known.push({ id: '', link: undefined });
    if (answer.status === 201 || answer.status === 202) {
      const id = answer.status === 201 ? answer.body.userId : answer.body.registrationId;
      known.push({ id, link: await tokenFor(id, 'registered') });
    }
    return answer.status;
  }
  const one = known[step.person];
  if (one === undefined) return 0;
  const params = { id: one.id };
  switch (step.type) {
    case 'verify':
    case 'prove-change': {
      const token = step.type === 'verify' ? one.link : one.change;
      return token === undefined ? 202 : (await anyone.verifyEmail({ body: { token } })).status;
    }
    case 'change': {
      const body = { email: emailOf(step.address) };
      return (await operator.changeEmail({ params, body })).status;
    }
    case 'deactivate':
      return (await operator.deactivateUser({ params, body: { reasonCode: 'test' } })).status;
    case 'reactivate':
      return (await operator.reactivateUser({ params, body: { reasonCode: 'test' } })).status;
    case 'erase':
      return (await operator.eraseUser({ params })).status;
    default:
      return step satisfies never;
  }
}

/** A refused attempt has no id that anybody was told, so nothing can be asked of it. */
function isPossible({ attempts }: Model, step: Step): boolean {
  if (step.type === 'register') return attempts.length < MAX_ATTEMPTS;
  const attempt = attempts[step.person];
  return attempt !== undefined && attempt.standing !== 'refused';
}

/** In what the system differs from the model in the end. */
async function compare(
  { read, outcome }: Actors,
  known: readonly Known[],
  { attempts }: Model,
  { position, emailOf }: { position: string; emailOf: (address: number) => string },
): Promise<string[]> {
  const faults = await Promise.all(
    known.map(async ({ id }, n) => {
      const attempt = attempts[n];
      if (attempt === undefined || id === '') return [];
      const user = await read(id, position);
      const seen =
        user.status === 200
          ? `200 ${user.body.email} ${user.body.emailVerified} ${user.body.status}`
          : String(user.status);
      const expected = toSeen(attempt, emailOf);
      const result = (await outcome(id, position))?.result;
      const isTold = attempt.standing === 'erased' || result === attempt.standing;
      return [
        ...(seen === expected ? [] : [`attempt ${n} is ${seen} instead of ${expected}`]),
        ...(isTold ? [] : [`attempt ${n} is told ${result} instead of ${attempt.standing}`]),
      ];
    }),
  );
  return faults.flat();
}

function toSeen(attempt: Attempt, emailOf: (address: number) => string): string {
  const { standing, address: own, isVerified, isActive } = attempt;
  if (standing === 'erased') return '410';
  if (standing !== 'registered') return '404';
  return `200 ${emailOf(own)} ${isVerified} ${isActive ? 'active' : 'deactivated'}`;
}

async function replay(history: readonly Step[]): Promise<string[]> {
  histories += 1;
  const name = `${SEED}-${histories}`;
  const emailOf = (n: number) => `address-${n}@h${name}.example.org`;
  const model: Model = { attempts: [] };
  const known: Known[] = [];
  for (const [n, step] of history.entries()) {
    if (!isPossible(model, step)) continue;
    const changesBefore = step.type === 'change' ? (model.attempts[step.person]?.changes ?? 0) : 0;
    const expected = apply(model, step);
    const told = await perform(actors, known, step, emailOf);
    if (told !== expected) return [`step ${n} was told ${told} instead of ${expected}`];
    if (step.type !== 'change') continue;
    const one = known[step.person];
    const isAsked = (model.attempts[step.person]?.changes ?? 0) > changesBefore;
    if (one !== undefined && isAsked) {
      one.change = await actors.tokenFor(one.id, 'email-change-requested');
    }
  }
  for (let n = 0; n < ADDRESSES; n += 1) {
    // Who asks last is told whether the address is free, held or proven.
    const owner = ownerOf(model, n);
    const expected = apply(model, { type: 'register', address: n });
    const told = await perform(actors, known, { type: 'register', address: n }, emailOf);
    if (told !== expected) return [`address ${n} is told ${told}, owner ${JSON.stringify(owner)}`];
  }
  const last = await actors.register(personAt(`last@h${name}.example.org`));
  return compare(actors, known, model, { position: last.position, emailOf });
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.message} ${error.stack}` : 'something else was thrown';
}

test(`in ${HISTORIES} random histories every address has the one owner the model says`, async (t) => {
  t.timeout(DEADLINE_MS + 30_000);
  t.log(`ZAMENI_SEED=${SEED}`);
  const lanes = await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      let faults: string[] = [];
      const details = await fc.check(
        fc.asyncProperty(steps, async (history) => {
          const found = await replay(history).catch((error: unknown) => [describe(error)]);
          if (found.length > 0) faults = found;
          return found.length === 0;
        }),
        { numRuns: HISTORIES / LANES, seed: SEED + lane, interruptAfterTimeLimit: DEADLINE_MS },
      );
      const [smallest] = details.counterexample ?? [];
      if (smallest !== undefined)
        return [...faults, ...smallest.map((step) => JSON.stringify(step))];
      return details.failed ? ['a lane failed without a history'] : [];
    }),
  );
  t.log(`${histories} histories`);
  t.deepEqual(lanes.flat(), [], `run again with ZAMENI_SEED=${SEED}`);
});

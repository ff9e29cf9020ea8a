import { randomInt } from 'node:crypto';
import test from 'ava';
import fc, { type Arbitrary } from 'fast-check';
import { type Actors, createActors, personAt } from './actors.ts';
import { LinkGoneError } from './mailbox.ts';
import { type Attempt, explain, type Model, type Step } from './one-winner-model.ts';
import { attachSystem } from './system.ts';

const SEED = Number(process.env['ZAMENI_SEED'] ?? randomInt(2 ** 31));
const HISTORIES = 240;
const LANES = 6;
const ADDRESSES = 3;
/** Fewer than may wait for one mailbox at once, so that nobody is pushed out unseen. */
const MAX_ATTEMPTS = 7;
const MAX_ROUNDS = 10;
const DEADLINE_MS = 45_000;

const system = await attachSystem();
const actors = await createActors(system, 'one-winner-histories');
test.after.always(() => actors[Symbol.asyncDispose]());

/** A step before it is known which attempt and which link it is about. */
type Drawn = { readonly type: Step['type']; readonly person: number; readonly address: number };

const drawn: Arbitrary<Drawn> = fc.record({
  type: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('register' as const, 'verify' as const) },
    { weight: 3, arbitrary: fc.constantFrom('change' as const, 'prove-change' as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('deactivate' as const, 'reactivate' as const, 'erase' as const),
    },
  ),
  person: fc.nat(MAX_ATTEMPTS - 1),
  address: fc.nat(ADDRESSES - 1),
});

/** Rounds of steps by several clients at once. */
const rounds = fc.array(fc.array(drawn, { minLength: 1, maxLength: 3 }), {
  minLength: 4,
  maxLength: MAX_ROUNDS,
});

/** What a history knows of an attempt: its id, and the tokens of its links. */
type Known = {
  id: string;
  link: string | undefined;
  change: { readonly number: number; readonly token: string } | undefined;
};

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
    // A refused attempt has no id that anybody was told, so nothing can be asked of it.
    known[step.person] = { id: '', link: undefined, change: undefined };
    if (answer.status === 201 || answer.status === 202) {
      const id = answer.status === 201 ? answer.body.userId : answer.body.registrationId;
      // A rival of the same round may have won already; who has lost gets no mail.
      const link = await tokenFor(id, 'registered').catch(toNoLink);
      known[step.person] = { id, link, change: undefined };
    }
    return answer.status;
  }
  const one = known[step.person];
  if (one === undefined) return 0;
  const params = { id: one.id };
  switch (step.type) {
    case 'verify':
    case 'prove-change': {
      const token = step.type === 'verify' ? one.link : one.change?.token;
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

function toNoLink(error: unknown): undefined {
  if (!(error instanceof LinkGoneError)) throw error;
}

/** The steps of a round that can be asked for. */
function toSteps(round: readonly Drawn[], known: readonly Known[]): Step[] {
  let next = known.length;
  return round.flatMap(({ type, person, address }): Step[] => {
    if (type === 'register') {
      if (next >= MAX_ATTEMPTS) return [];
      next += 1;
      return [{ type, person: next - 1, address }];
    }
    const one = known[person];
    if (one === undefined || one.id === '') return [];
    if (type === 'change') return [{ type, person, address }];
    if (type !== 'prove-change') return [{ type, person }];
    return one.change === undefined ? [] : [{ type, person, change: one.change.number }];
  });
}

/** Gets the links of changes that were asked for; false when it is open whether there is one. */
async function takeLinks(known: Known[], models: readonly Model[]): Promise<boolean> {
  for (const [person, one] of known.entries()) {
    const attempts = models.map(({ attempts }) => attempts[person]);
    const counts = new Set(attempts.map((attempt) => attempt?.changes ?? 0));
    if (counts.size > 1) return false;
    const [number = 0] = counts;
    const isThere = attempts.every((attempt) => attempt?.standing === 'registered');
    if (!isThere || number === (one.change?.number ?? 0)) continue;
    one.change = { number, token: await actors.tokenFor(one.id, 'email-change-requested') };
  }
  return true;
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

async function replay(history: readonly (readonly Drawn[])[]): Promise<string[]> {
  histories += 1;
  const name = `${SEED}-${histories}`;
  const emailOf = (n: number) => `address-${n}@h${name}.example.org`;
  const known: Known[] = [];
  let models: Model[] = [{ attempts: [] }];
  const run = async (steps: readonly Step[]): Promise<string[]> => {
    const told = await Promise.all(
      steps.map(async (step) => [step, await perform(actors, known, step, emailOf)] as const),
    );
    models = explain(models, told);
    return models.length > 0 ? [] : [`no order explains ${JSON.stringify(told)}`];
  };
  for (const round of history) {
    const faults = await run(toSteps(round, known));
    if (faults.length > 0) return faults;
    if (!(await takeLinks(known, models))) break;
  }
  for (let address = 0; address < ADDRESSES; address += 1) {
    // Who asks last is told whether the address is free, held or proven.
    const faults = await run([{ type: 'register', person: known.length, address }]);
    if (faults.length > 0) return faults;
  }
  const { position } = await actors.register(personAt(`last@h${name}.example.org`));
  const all = await Promise.all(
    models.map((model) => compare(actors, known, model, { position, emailOf })),
  );
  return all.some((faults) => faults.length === 0) ? [] : (all[0] ?? []);
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.message} ${error.stack}` : 'something else was thrown';
}

test(`in ${HISTORIES} random histories of rivals every address has the one owner a model says`, async (t) => {
  t.timeout(DEADLINE_MS + 30_000);
  t.log(`ZAMENI_SEED=${SEED}`);
  const lanes = await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      let faults: string[] = [];
      const details = await fc.check(
        fc.asyncProperty(rounds, async (history) => {
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

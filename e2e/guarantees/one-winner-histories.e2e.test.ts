import { randomInt } from 'node:crypto';
import test from 'ava';
import fc, { type Arbitrary } from 'fast-check';
import type { Entry, Model, Said, Step } from '../one-winner/model.ts';
import { explain } from '../one-winner/orders.ts';
import { type Actors, createActors, personAt } from '../support/actors.ts';
import { LinkGoneError } from '../support/mailbox.ts';
import { attachSystem } from '../support/system.ts';

const SEED = Number(process.env['ZAMENI_SEED'] ?? randomInt(2 ** 31));
const HISTORIES = Number(process.env['ZAMENI_HISTORIES'] ?? 60);
const LANES = 6;
const ADDRESSES = 3;
const MAX_IDS = 8;
const MAX_ROUNDS = 10;
const DEADLINE_MS = 45_000 * Math.max(1, HISTORIES / 120);

const system = await attachSystem();
const actors = await createActors(system, 'one-winner-histories');
test.after.always(() => actors[Symbol.asyncDispose]());

/** A step whose id and link are not known yet. */
type Drawn = {
  readonly type: Step['type'];
  readonly id: number;
  readonly address: number;
  readonly said: Said;
};

const drawn: Arbitrary<Drawn> = fc.record({
  type: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('attempt' as const, 'register' as const) },
    { weight: 5, arbitrary: fc.constantFrom('prove' as const, 'prove-account' as const) },
    { weight: 3, arbitrary: fc.constantFrom('change' as const, 'prove-change' as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('deactivate' as const, 'reactivate' as const, 'erase' as const),
    },
  ),
  id: fc.nat(MAX_IDS - 1),
  address: fc.nat(ADDRESSES - 1),
  said: fc.constantFrom<Said>('nothing', 'nothing', 'confirm', 'not-mine', 'disclaim'),
});

/** Rounds of steps by several concurrent clients. */
const rounds = fc.array(fc.array(drawn, { minLength: 1, maxLength: 3 }), {
  minLength: 4,
  maxLength: MAX_ROUNDS,
});

/** The ids of a history, and the tokens of their links. */
type Known = {
  id: string;
  attempt: string | undefined;
  registered: string | undefined;
  change: { readonly number: number; readonly token: string } | undefined;
};

const nobody: Known = { id: '', attempt: undefined, registered: undefined, change: undefined };

let histories = 0;

/** Sends a step to the system. Returns the answer, with the id of the account if it names one. */
async function perform(
  { operator, anyone, tokenFor }: Actors,
  known: Known[],
  step: Step,
  emailOf: (address: number) => string,
): Promise<string> {
  if (step.type === 'attempt' || step.type === 'register') {
    const isPublic = step.type === 'attempt';
    const body = personAt(emailOf(step.address));
    // A refused registration returns no id, so later steps of it cannot be sent.
    known[step.id] = nobody;
    const answer = await (isPublic ? anyone : operator).registerPerson({ body });
    if (answer.status === 202) {
      const id = answer.body.registrationId;
      // A rival of the same round may have been erased, and the attempt with them.
      const attempt = await tokenFor(id, 'attempt').catch(toNoLink);
      known[step.id] = { ...nobody, id, attempt };
    }
    if (answer.status === 201) {
      const id = answer.body.userId;
      known[step.id] = { ...nobody, id, registered: await tokenFor(id, 'registered') };
    }
    return toTold(answer);
  }
  const one = known[step.id];
  if (one === undefined) return '';
  const params = { id: one.id };
  const body = { reasonCode: 'test' };
  switch (step.type) {
    case 'prove':
    case 'prove-account':
    case 'prove-change': {
      const links = { prove: one.attempt, 'prove-account': one.registered };
      const token = step.type === 'prove-change' ? one.change?.token : links[step.type];
      const link = { token: token ?? '', ...toFields(step.said) };
      const answer = await anyone.verifyEmail({ body: link });
      if (answer.status !== 202) return toTold(answer);
      return `202 ${answer.body.userId}`;
    }
    case 'change':
      return toTold(await operator.changeEmail({ params, body: { email: emailOf(step.address) } }));
    case 'deactivate':
      return toTold(await operator.deactivateUser({ params, body }));
    case 'reactivate':
      return toTold(await operator.reactivateUser({ params, body }));
    case 'erase':
      return toTold(await operator.eraseUser({ params }));
    default:
      return step satisfies never;
  }
}

/** An answer that names its account as the model does. */
function nameAccount(known: readonly Known[], answer: string): string {
  const [status, account] = answer.split(' ');
  if (account === undefined) return answer;
  return `${status} ${known.findIndex(({ id }) => id === account)}`;
}

function toTold(answer: { readonly status: number; readonly code?: string }): string {
  return answer.code ?? String(answer.status);
}

function toFields(said: Said) {
  if (said === 'nothing') return {};
  return said === 'disclaim' ? { notMine: true } : { holder: said };
}

function toNoLink(error: unknown): undefined {
  if (!(error instanceof LinkGoneError)) throw error;
}

/** The steps of a round that can be sent. */
function toSteps(round: readonly Drawn[], known: readonly Known[]): Step[] {
  let next = known.length;
  return round.flatMap(({ type, id, address, said }): Step[] => {
    if (type === 'attempt' || type === 'register') {
      if (next >= MAX_IDS) return [];
      next += 1;
      return [{ type, id: next - 1, address }];
    }
    const one = known[id];
    if (one === undefined || one.id === '') return [];
    switch (type) {
      case 'prove':
        return one.attempt === undefined ? [] : [{ type, id, said }];
      case 'prove-account':
        return one.registered === undefined ? [] : [{ type, id, said }];
      case 'prove-change':
        return one.change === undefined ? [] : [{ type, id, said, change: one.change.number }];
      case 'change':
        return [{ type, id, address }];
      case 'deactivate':
      case 'reactivate':
      case 'erase':
        return [{ type, id }];
      default:
        return type satisfies never;
    }
  });
}

/** Gets the links of requested changes. False if it is unknown whether there is one. */
async function takeLinks(known: Known[], models: readonly Model[]): Promise<boolean> {
  for (const [n, one] of known.entries()) {
    const accounts = models.map(({ entries }) => entries[n]?.account);
    const counts = new Set(accounts.map((account) => account?.changes ?? 0));
    if (counts.size > 1) return false;
    const [number = 0] = counts;
    const isThere = accounts.every((account) => account?.isErased === false);
    if (!isThere || number === (one.change?.number ?? 0)) continue;
    one.change = { number, token: await actors.tokenFor(one.id, 'email-change-requested') };
  }
  return true;
}

/** The final differences between the system and the model. */
async function compare(
  { read, status }: Actors,
  known: readonly Known[],
  model: Model,
  { position, emailOf }: { position: string; emailOf: (address: number) => string },
): Promise<string[]> {
  const faults = await Promise.all(
    known.map(async ({ id }, n) => {
      const entry = model.entries[n];
      if (entry === undefined || id === '') return [];
      const user = await read(id, position);
      const seen =
        user.status === 200
          ? `200 ${user.body.email} ${user.body.emailVerified} ${user.body.status}`
          : String(user.status);
      const isSeen = toSeen(entry, emailOf).some((expected) => expected === seen);
      const current = (await status(id, position)) ?? 'nothing';
      const expected = toStatus(model, entry);
      return [
        ...(isSeen ? [] : [`${n} is ${seen} instead of ${JSON.stringify(entry)}`]),
        ...(current === expected ? [] : [`${n} has status ${current} instead of ${expected}`]),
      ];
    }),
  );
  return faults.flat();
}

/**
 * The readable parts of a person. The model ignores the address that a disowned account still
 * shows.
 */
function toSeen({ account }: Entry, emailOf: (address: number) => string): string[] {
  if (account === undefined) return ['404'];
  if (account.isErased) return ['410'];
  const { address, isVerified, isActive } = account;
  const shown = address === undefined ? [...Array(ADDRESSES).keys()] : [address];
  const status = isActive ? 'active' : 'deactivated';
  return shown.map((one) => `200 ${emailOf(one)} ${isVerified} ${status}`);
}

function toStatus({ entries }: Model, { attempt, provenFor, account }: Entry): string {
  // A void attempt must not be observable.
  if (attempt === 'open' || attempt === 'void') return 'awaiting-proof';
  const person = provenFor === undefined ? account : entries[provenFor]?.account;
  return person?.isErased === false ? 'registered' : 'nothing';
}

async function replay(history: readonly (readonly Drawn[])[]): Promise<string[]> {
  histories += 1;
  const name = `${SEED}-${histories}`;
  const emailOf = (n: number) => `address-${n}@h${name}.example.org`;
  const known: Known[] = [];
  let models: Model[] = [{ entries: [] }];
  const run = async (steps: readonly Step[]): Promise<string[]> => {
    const answers = await Promise.all(
      steps.map(async (step) => [step, await perform(actors, known, step, emailOf)] as const),
    );
    // The ids of all accounts registered in the round are known only now.
    const answered = answers.map(([step, answer]) => [step, nameAccount(known, answer)] as const);
    models = explain(models, answered);
    return models.length > 0 ? [] : [`no order explains ${JSON.stringify(answered)}`];
  };
  for (const round of history) {
    const faults = await run(toSteps(round, known));
    if (faults.length > 0) return faults;
    if (!(await takeLinks(known, models))) break;
  }
  for (let address = 0; address < ADDRESSES; address += 1) {
    // A vouched registration learns whether the address is free.
    const faults = await run([{ type: 'register', id: known.length, address }]);
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

test(`in ${HISTORIES} random histories every address has the holder of a model`, async (t) => {
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

import { type Actors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';

/**
 * The possible states of an address that a stranger names: new, an attempt that awaits proof, a
 * proven account, an unproven one, a deactivated one, an erased one, a disowned one.
 */
export const KINDS = [
  'new',
  'pending',
  'taken',
  'unproven',
  'deactivated',
  'erased',
  'disowned',
] as const;
export type Kind = (typeof KINDS)[number];

/**
 * Kinds that hold no address. A stranger's attempt on one makes every later one a second attempt.
 */
const USED_ONCE: ReadonlySet<Kind> = new Set(['new', 'erased', 'disowned']);

/** Addresses prepared concurrently. */
const CONCURRENCY = 16;

/**
 * Addresses of one kind, all of one length. Kinds that hold no address have as many addresses as
 * requested, so that each is used once. The other kinds do not change, so one address is enough.
 */
export async function prepareAddresses(
  actors: Actors,
  kind: Kind,
  { label, count }: { readonly label: string; readonly count: number },
): Promise<(n: number) => string> {
  const addressOf = (n: number) =>
    `${kind.slice(0, 3)}-${label}-${String(n).padStart(4, '0')}@equality.example.org`;
  const isUsedOnce = USED_ONCE.has(kind);
  const numbers = [...Array(isUsedOnce ? count : 1).keys()];
  await mapConcurrently(numbers, CONCURRENCY, (n) => prepareOne(actors, kind, addressOf(n)));
  return isUsedOnce ? addressOf : () => addressOf(0);
}

async function prepareOne(actors: Actors, kind: Kind, email: string): Promise<void> {
  const { operator, anyone, attempt, join, register, tokenFor } = actors;
  switch (kind) {
    case 'new':
      return;
    case 'pending':
      return void (await attempt(personAt(email)));
    case 'taken':
      return void (await join(personAt(email)));
    case 'unproven':
      return void (await register(personAt(email)));
    case 'deactivated': {
      const { id } = await join(personAt(email));
      const body = { reasonCode: 'requested' };
      return expectAccepted(await operator.deactivateUser({ params: { id }, body }));
    }
    case 'erased': {
      const { id } = await join(personAt(email));
      return expectAccepted(await operator.eraseUser({ params: { id } }));
    }
    case 'disowned': {
      const { id } = await register(personAt(email));
      const body = { token: await tokenFor(id, 'registered'), notMine: true };
      return expectAccepted(await anyone.verifyEmail({ body }));
    }
    default:
      return kind satisfies never;
  }
}

function expectAccepted({ status }: { readonly status: number }): void {
  if (status !== 202) throw new Error(`the preparation was answered ${status}`);
}

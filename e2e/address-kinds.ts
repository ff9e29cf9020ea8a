import { type Actors, personAt } from './actors.ts';
import { mapConcurrently } from './concurrently.ts';

/** What may be behind an address that a stranger names. */
export const KINDS = ['new', 'taken', 'unverified', 'contested', 'deactivated', 'erased'] as const;
export type Kind = (typeof KINDS)[number];

/** Prepared at once. */
const CONCURRENCY = 16;

/**
 * Addresses of one kind, all of one length. Of those that a stranger's command changes there are as
 * many as are asked for; the others stay what they are, so one stands for all.
 */
export async function prepareAddresses(
  actors: Actors,
  kind: Kind,
  { label, count }: { readonly label: string; readonly count: number },
): Promise<(n: number) => string> {
  const { operator, register, prove } = actors;
  const addressOf = (n: number) =>
    `${kind.slice(0, 3)}-${label}-${String(n).padStart(4, '0')}@equality.example.org`;
  const prepareOne = async (n: number) => {
    const { id } = await register(personAt(addressOf(n)));
    switch (kind) {
      case 'new':
      case 'unverified':
        return;
      case 'taken':
        return void (await prove(id, 'registered'));
      case 'contested':
        return void (await register(personAt(addressOf(n))));
      case 'deactivated': {
        await prove(id, 'registered');
        const body = { reasonCode: 'requested' };
        return expect(await operator.deactivateUser({ params: { id }, body }));
      }
      case 'erased':
        return expect(await operator.eraseUser({ params: { id } }));
      default:
        return kind satisfies never;
    }
  };
  const isUsedUp = kind === 'unverified' || kind === 'contested' || kind === 'erased';
  const prepared = kind === 'new' ? 0 : isUsedUp ? count : 1;
  await mapConcurrently([...Array(prepared).keys()], CONCURRENCY, prepareOne);
  return isUsedUp || kind === 'new' ? addressOf : () => addressOf(0);
}

function expect({ status }: { readonly status: number }): void {
  if (status !== 202) throw new Error(`the preparation was answered ${status}`);
}

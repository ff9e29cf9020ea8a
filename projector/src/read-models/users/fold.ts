import type { AccountEvent } from '@zameni/contracts';
import type { ProjectedEvent, ProjectedRecord } from '../record.ts';
import type { UserRow } from './rows.ts';

/** Columns that events of one person change. Only `registered` begins a row: the patch is whole. */
export type UserPatch = (UserRow | ChangedColumns) & AddressChange & Follows;

type ChangedColumns = Place & Partial<Omit<UserRow, 'registeredAt' | keyof Place>>;

type Place = Pick<UserRow, 'userId' | 'version' | 'position'>;

type Follows = {
  /**
   * The version that the row has at least before the patch: 0 if the patch begins it. With a gap
   * between the events of a batch it is more than before the first one. A row that has less lacks an
   * event of this person.
   */
  readonly baseVersion: number;
};

/** At most one of them is not null; both are null when the person keeps what they own. */
type AddressChange = {
  /** The position at which the address became theirs; the highest position owns it. */
  readonly ownedAt: number | null;
  /** The position at which they gave their address up and took no other. */
  readonly releasedAt: number | null;
};

/** A row to delete. `absent`: nothing is known of the person. `erased`: the person was erased. */
export type UserRemoval = {
  readonly userId: string;
  readonly position: number;
  readonly left: 'absent' | 'erased';
};

/** What events of one batch change of one person. */
export type UserChange = UserPatch | UserRemoval;

/** The changes of people in a batch; each person is in one of the two sets. */
export type UserChanges = {
  readonly patches: readonly UserPatch[];
  readonly removals: readonly UserRemoval[];
};

/** Folds the events of a batch into one change for each person. */
export function foldUsers(records: readonly ProjectedRecord[]): UserChanges {
  const users = new Map<string, UserChange>();
  for (const record of records) {
    if (record.kind !== 'event') continue;
    const { userId } = record.event.metadata;
    users.set(userId, evolveUser(users.get(userId), record.event));
  }
  const changes = [...users.values()];
  return {
    patches: changes.flatMap((change) => ('left' in change ? [] : [change])),
    removals: changes.flatMap((change) => ('left' in change ? [change] : [])),
  };
}

/**
 * The change of a person after one more event of the batch. It starts from no row, so a batch is
 * one round trip. It sets columns and never computes them from old values, so every division of the
 * log into batches gives the same rows.
 */
export function evolveUser(change: UserChange | undefined, projected: ProjectedEvent): UserChange {
  const { metadata, position } = projected;
  const { userId, accountVersion: version } = metadata;
  // Without the key nothing is known of the person, so there is no row to keep either.
  if (projected.personal === 'erased') return { userId, position, left: 'absent' };
  const { event } = projected;
  if (event.name === 'erased') return { userId, position, left: 'erased' };
  if (change !== undefined && 'left' in change) return change;
  const baseVersion = change === undefined ? version - 1 : version - countEvents(change) - 1;
  const place = { userId, version, position, baseVersion };
  if (event.name === 'registered') {
    const { locale, termsVersion, emailVerified } = event.data;
    return {
      ...place,
      ...event.personal,
      locale,
      termsVersion,
      emailVerified,
      status: 'active',
      registeredAt: metadata.time,
      ...ownedAt(position),
    };
  }
  return { ...keepsAddress, ...change, ...toChanged(event, position), ...place };
}

/** The events that a patch holds. */
function countEvents({ version, baseVersion }: UserPatch): number {
  return version - baseVersion;
}

const keepsAddress = { ownedAt: null, releasedAt: null } satisfies AddressChange;

function ownedAt(position: number): AddressChange {
  return { ownedAt: position, releasedAt: null };
}

function releasedAt(position: number): AddressChange {
  return { ownedAt: null, releasedAt: position };
}

/** The row that a patch begins; undefined for a patch of a row that exists. */
export function toBegunRow(patch: UserPatch): UserRow | undefined {
  if (!('registeredAt' in patch)) return undefined;
  const { ownedAt: _ownedAt, releasedAt: _releasedAt, baseVersion: _base, ...row } = patch;
  return row;
}

type Change = Exclude<AccountEvent, { readonly name: 'registered' | 'erased' }>;

function toChanged(
  event: Change,
  position: number,
): Omit<ChangedColumns, keyof Place> & Partial<AddressChange> {
  switch (event.name) {
    case 'email-verified':
      return { emailVerified: true };
    case 'profile-updated':
      return { ...event.personal, locale: event.data.locale };
    case 'email-changed':
      return { ...event.personal, emailVerified: true, ...ownedAt(position) };
    case 'deactivated':
      return {
        status: 'deactivated',
        ...(event.data.address === 'released' ? releasedAt(position) : {}),
      };
    case 'reactivated':
      return { status: 'active' };
    case 'email-change-requested':
    case 'email-change-cancelled':
      return {};
    default:
      return event satisfies never;
  }
}

import type { AccountEvent, UserId, UserView } from '@zameni/contracts';
import type { ProjectedEvent } from './projected-event.ts';

/** A person as the read model keeps it: the view, and by what they hold their address. */
export type UserRow = {
  readonly view: UserView;
  /** The keyed digest of the address. */
  readonly claim: string;
  /** The place in the log of the last event in the row. */
  readonly position: number;
};

type Fields = Omit<UserView, 'userId' | 'version'> & Pick<UserRow, 'claim'>;

/** What events change of a row; null keeps what is there. Only `registered` begins a row. */
export type UserPatch = {
  readonly userId: UserId;
  readonly version: number;
  readonly position: number;
  /** The position at which the address became theirs; the highest position owns it. */
  readonly ownedAt: number | null;
  /** The position at which they gave their address up and took no other. */
  readonly releasedAt: number | null;
} & { readonly [Name in keyof Fields]: Fields[Name] | null };

/** A row that goes, and what is left to say of the person. */
export type UserRemoval = {
  readonly userId: UserId;
  readonly position: number;
  readonly left: 'absent' | 'erased';
};

/** What a batch of events changes of one person. */
export type UserChange = UserPatch | UserRemoval;

const nothing = {
  email: null,
  claim: null,
  emailVerified: null,
  displayName: null,
  locale: null,
  termsVersion: null,
  profile: null,
  status: null,
  registeredAt: null,
  ownedAt: null,
  releasedAt: null,
} as const satisfies Record<keyof Changed, null>;

type Changed = Omit<UserPatch, 'userId' | 'version' | 'position'>;

/**
 * What a person's events of one batch change, after one more of them; undefined while nothing. It
 * needs no row to start from, so that a batch is one round trip, and fields are set, never computed
 * from their old values, so that any cutting of the log into batches gives the same rows.
 */
export function evolveUser(
  change: UserChange | undefined,
  projected: ProjectedEvent,
): UserChange | undefined {
  const { metadata, position } = projected;
  const { userId, accountVersion: version } = metadata;
  // Without its key nothing is known of the person, so there is no row to keep either.
  if (projected.personal === 'erased') return { userId, position, left: 'absent' };
  const { event } = projected;
  if (event.name === 'erased') return { userId, position, left: 'erased' };
  if (change !== undefined && 'left' in change) return change;
  const changed = toChanged(event, metadata.time, position);
  return { ...nothing, ...change, ...changed, userId, version, position };
}

/** The row that a patch begins; undefined when it changes one that must be there. */
export function toBegunRow(patch: UserPatch): UserRow | undefined {
  const { ownedAt: _ownedAt, releasedAt: _releasedAt, position, claim, ...fields } = patch;
  const view = fields satisfies { readonly [Name in keyof UserView]: UserView[Name] | null };
  return claim !== null && isWhole(view) ? { view, claim, position } : undefined;
}

function isWhole(
  view: { readonly [Name in keyof UserView]: UserView[Name] | null },
): view is UserView {
  return Object.values(view).every((value) => value !== null);
}

type Change = Exclude<AccountEvent, { readonly name: 'erased' }>;

function toChanged(event: Change, time: string, position: number): Partial<Changed> {
  const owned = { ownedAt: position, releasedAt: null };
  switch (event.name) {
    case 'registered': {
      const { locale, termsVersion, emailVerified } = event.data;
      return {
        ...event.personal,
        locale,
        termsVersion,
        emailVerified,
        status: 'active',
        registeredAt: time,
        ...owned,
      };
    }
    case 'email-verified':
      return { emailVerified: true };
    case 'profile-updated':
      return { ...event.personal, locale: event.data.locale };
    case 'email-changed':
      return { ...event.personal, emailVerified: true, ...owned };
    case 'deactivated': {
      const released = { ownedAt: null, releasedAt: position };
      return { status: 'deactivated', ...(event.data.address === 'released' ? released : {}) };
    }
    case 'reactivated':
      return { status: 'active' };
    case 'email-change-requested':
    case 'email-change-cancelled':
      return {};
    default:
      return event satisfies never;
  }
}

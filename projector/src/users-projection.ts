import type { AccountEvent, RegisteredData, UserId, UserView } from '@zameni/contracts';
import type { ProjectedEvent } from './projected-event.ts';

/** A person as the read model keeps it: the view, and what decides who may see and own what. */
export type UserRow = {
  readonly view: UserView;
  /** Nobody reads a `contested` row as a person: its mailbox awaits proof. */
  readonly standing: RegisteredData['standing'];
  /** The keyed digest of the address; null in rows of the first days. */
  readonly claim: string | null;
  /** The place in the log of the last event in the row. */
  readonly position: number;
};

type Fields = Omit<UserView, 'userId' | 'version'> &
  Omit<UserRow, 'view' | 'position'> & {
    /** The position at which the address became hers; the highest position owns it. */
    readonly ownedAt: number;
  };

/** What events change of a row; null keeps what is there. Only `registered` begins a row. */
export type UserPatch = {
  readonly userId: UserId;
  readonly version: number;
  readonly position: number;
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
  standing: null,
  registeredAt: null,
  ownedAt: null,
} as const satisfies { readonly [Name in keyof Fields]: null };

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
  switch (event.name) {
    case 'registration-refused':
      return change;
    case 'superseded':
      return { userId, position, left: 'absent' };
    case 'erased':
      return { userId, position, left: 'erased' };
    case 'registered':
    case 'email-verified':
    case 'profile-updated':
    case 'email-changed':
    case 'deactivated':
    case 'reactivated':
    case 'email-change-requested':
    case 'verification-requested': {
      if (change !== undefined && 'left' in change) return change;
      const fields = toFields(event, metadata.time, position);
      return { ...nothing, ...change, ...fields, userId, version, position };
    }
    default:
      return event satisfies never;
  }
}

/** The row that a patch begins; undefined when it changes one that must be there. */
export function toBegunRow(patch: UserPatch): UserRow | undefined {
  const { ownedAt: _ownedAt, position, standing, claim, ...fields } = patch;
  const view = fields satisfies { readonly [Name in keyof UserView]: UserView[Name] | null };
  if (standing === null || !isWhole(view)) return undefined;
  return { view, standing, claim, position };
}

function isWhole(
  view: { readonly [Name in keyof UserView]: UserView[Name] | null },
): view is UserView {
  return Object.values(view).every((value) => value !== null);
}

type Change = Exclude<
  AccountEvent,
  { readonly name: 'registration-refused' | 'superseded' | 'erased' }
>;

function toFields(event: Change, time: string, position: number): Partial<Fields> {
  switch (event.name) {
    case 'registered': {
      const { locale, termsVersion, standing } = event.data;
      return {
        ...event.personal,
        locale,
        termsVersion,
        standing,
        emailVerified: false,
        status: 'active',
        registeredAt: time,
        ...(standing === 'held' ? { ownedAt: position } : {}),
      };
    }
    case 'email-verified':
      return { emailVerified: true, standing: 'held', ownedAt: position };
    case 'profile-updated':
      return { ...event.personal, locale: event.data.locale };
    case 'email-changed':
      return { ...event.personal, emailVerified: true, ownedAt: position };
    case 'deactivated':
      return { status: 'deactivated' };
    case 'reactivated':
      return { status: 'active' };
    case 'email-change-requested':
    case 'verification-requested':
      return {};
    default:
      return event satisfies never;
  }
}

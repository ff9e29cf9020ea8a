import {
  type AccountEvent,
  MAX_RESERVED,
  type UpdateUserCommand,
  type UserId,
} from '@zameni/contracts';
import {
  type AccountState,
  type PersonData,
  type PresentAccount,
  reservedAddresses,
  formerAddresses,
} from './account.ts';
import {
  accountIn,
  attemptIn,
  closeAttempt,
  commit,
  type Decision,
  giveUp,
  giveUpFormer,
  refuse,
  type Situation,
} from './decision.ts';
import { toFarewells } from './farewell.ts';

/** A change of one person. `data` is the person's data before the change. */
export type UserChange = {
  readonly userId: UserId;
  readonly data: PersonData | undefined;
  /** The instant of the command (RFC 3339). */
  readonly now: string;
  /** Whether the account rejects further changes that can be repeated at will. */
  readonly isFull?: boolean;
  /** Whether the caller is the person, without the scope for it. */
  readonly isOwn?: boolean;
  /** The versions that the caller allows the person to have. Any if it is left out. */
  readonly ifVersions?: readonly number[];
} & (
  | { readonly type: 'update'; readonly patch: UpdateUserCommand }
  | { readonly type: 'change-email'; readonly email: string; readonly claim: string }
  | { readonly type: 'deactivate' | 'reactivate'; readonly reasonCode: string }
  | { readonly type: 'erase' }
);

type Erasure = Pick<UserChange, 'userId' | 'data' | 'now' | 'ifVersions'>;

/** Names in a profile (see the schema Profile). */
const MAX_PROFILE_NAMES = 32;

/**
 * Decides a change of a person. An attempt accepts only its erasure. A deactivated person changes
 * nothing themselves. Only if no operator deactivated them, they may erase themselves.
 */
export function decideUserChange(command: UserChange, situation: Situation): Decision {
  const account = accountIn(situation, command.userId);
  const isPresent = account.status === 'active' || account.status === 'deactivated';
  if (command.isOwn === true && account.status === 'deactivated') {
    if (command.type !== 'erase' || account.isBarred) return refuse('self-deactivated');
  }
  if (isPresent && command.ifVersions?.includes(account.version) === false) {
    return refuse('precondition-failed');
  }
  if (command.type === 'erase') return decideErasure(command, account, situation);
  switch (account.status) {
    case 'absent':
      return refuse('user-not-found');
    case 'erased':
      return refuse('user-erased');
    case 'active':
    case 'deactivated':
      return decideForPerson(command, account);
    default:
      return account satisfies never;
  }
}

function decideForPerson(
  command: Exclude<UserChange, { type: 'erase' }>,
  account: PresentAccount,
): Decision {
  const { userId, data } = command;
  switch (command.type) {
    case 'deactivate':
    case 'reactivate': {
      const name = command.type === 'deactivate' ? 'deactivated' : 'reactivated';
      // An account whose mailbox was disowned is not barred yet: its person may erase it.
      const isSo = command.type === 'deactivate' ? account.isBarred : account.status === 'active';
      if (isSo) return { outcome: 'unchanged' };
      const { reasonCode } = command;
      return change(userId, { name, data: { reasonCode }, personal: null });
    }
    case 'update':
      if (account.status === 'deactivated') return refuse('user-deactivated');
      if (command.isFull === true) return refuse('too-many-changes');
      return decideUpdate(userId, command.patch, data);
    case 'change-email':
      return decideEmailChange(command, account);
    default:
      return command satisfies never;
  }
}

/** A change to the present address only cancels a pending change. */
function decideEmailChange(
  {
    userId,
    data,
    isFull,
    email,
    claim,
    now,
  }: Extract<UserChange, { readonly type: 'change-email' }>,
  account: PresentAccount,
): Decision {
  if (account.status === 'deactivated') return refuse('user-deactivated');
  if (account.holdsAddress && data?.claim === claim) {
    if (account.change === undefined) return { outcome: 'unchanged' };
    return change(userId, { name: 'email-change-cancelled', data: {}, personal: null });
  }
  const hasLeftMany = reservedAddresses(data, now).length >= MAX_RESERVED;
  if (isFull === true || hasLeftMany) return refuse('too-many-changes');
  return change(userId, {
    name: 'email-change-requested',
    data: {},
    personal: { email, claim },
  });
}

function decideUpdate(
  userId: UserId,
  patch: UpdateUserCommand,
  data: PersonData | undefined,
): Decision {
  if (data === undefined) return refuse('user-not-found');
  const profile = mergeProfile(data.profile, patch.profile ?? {});
  if (Object.keys(profile).length > MAX_PROFILE_NAMES) {
    return refuse('invalid-request', [{ pointer: '/profile', code: 'too-many' }]);
  }
  const { displayName = data.displayName, locale = data.locale } = patch;
  const isSame =
    displayName === data.displayName &&
    locale === data.locale &&
    sortedText(profile) === sortedText(data.profile);
  if (isSame) return { outcome: 'unchanged' };
  return change(userId, {
    name: 'profile-updated',
    data: { locale },
    personal: { displayName, profile },
  });
}

/** Applies a merge patch of one level (RFC 7396): null removes a name. */
function mergeProfile(
  profile: PersonData['profile'],
  patch: NonNullable<UpdateUserCommand['profile']>,
): Record<string, string | number | boolean> {
  const merged = { ...profile };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}

function sortedText(profile: PersonData['profile']): string {
  return JSON.stringify(Object.entries(profile).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Releases the account's claims in the same commit. The id of an attempt is accepted too. */
function decideErasure(command: Erasure, account: AccountState, situation: Situation): Decision {
  const { userId, data, now } = command;
  switch (account.status) {
    case 'absent':
      return decideAttemptErasure(command, situation);
    case 'erased':
      return { outcome: 'unchanged' };
    case 'active':
    case 'deactivated':
      return commit({
        accounts: [{ userId, event: { name: 'erased', data: {}, personal: null } }],
        claims: [
          ...(data === undefined ? [] : giveUp(situation, userId, data.claim, 'erasure')),
          ...formerAddresses(data).flatMap(({ claim }) => giveUpFormer(situation, userId, claim)),
        ],
        farewells: toFarewells({ userId, data, now }, account, situation),
      });
    default:
      return account satisfies never;
  }
}

/** An attempt has no entity tag that could match. */
function decideAttemptErasure({ userId: id, ifVersions }: Erasure, situation: Situation): Decision {
  const attempt = attemptIn(situation, id);
  switch (attempt.state) {
    case 'absent':
      return refuse('user-not-found');
    case 'closed':
      return attempt.by === 'erasure' ? { outcome: 'unchanged' } : refuse('user-not-found');
    case 'open':
    case 'over':
    case 'void':
      return ifVersions === undefined
        ? commit({ attempts: [closeAttempt(id, attempt, 'erasure')] })
        : refuse('precondition-failed');
    default:
      return attempt satisfies never;
  }
}

function change(userId: UserId, event: AccountEvent): Decision {
  return commit({ accounts: [{ userId, event }] });
}

import type { AccountEvent, UpdateUserCommand, UserId } from '@zameni/contracts';
import type { AccountState, PersonData } from './account.ts';
import { accountIn, type Decision, type Situation } from './decision.ts';
import { giveUp } from './decide-verification.ts';

/** A change of one person; `data` is what the events before it say of her. */
export type UserChange = {
  readonly userId: UserId;
  readonly data: PersonData | undefined;
  /** Whether the account takes no more changes that may be repeated at will. */
  readonly isFull?: boolean;
} & (
  | {
      readonly type: 'update';
      readonly patch: UpdateUserCommand;
      readonly ifVersions?: readonly number[];
    }
  | { readonly type: 'change-email'; readonly email: string; readonly claim: string }
  | { readonly type: 'deactivate' | 'reactivate'; readonly reasonCode: string }
  | { readonly type: 'erase' }
);

/** Names in a profile (see the schema Profile). */
const MAX_PROFILE_NAMES = 32;

/** Decides a change of a person who is there; an attempt that waits for proof is nobody yet. */
export function decideUserChange(command: UserChange, situation: Situation): Decision {
  const account = accountIn(situation, command.userId);
  if (command.type === 'erase') return decideErasure(command, account, situation);
  switch (account.status) {
    case 'absent':
    case 'refused':
    case 'pending':
    case 'superseded':
      return { outcome: 'refused', code: 'user-not-found' };
    case 'erased':
      return { outcome: 'refused', code: 'user-erased' };
    case 'active':
    case 'deactivated':
      return decideForPerson(command, account);
    default:
      return account satisfies never;
  }
}

type Present = Extract<AccountState, { readonly attempt: string }>;

function decideForPerson(
  command: Exclude<UserChange, { type: 'erase' }>,
  account: Present,
): Decision {
  const { userId, data } = command;
  switch (command.type) {
    case 'deactivate':
    case 'reactivate': {
      const name = command.type === 'deactivate' ? 'deactivated' : 'reactivated';
      const isSo = (account.status === 'deactivated') === (name === 'deactivated');
      if (isSo) return { outcome: 'unchanged' };
      const { reasonCode } = command;
      return commit(userId, { name, data: { reasonCode }, personal: null });
    }
    case 'update':
      if (command.ifVersions?.includes(account.version) === false) {
        return { outcome: 'refused', code: 'precondition-failed' };
      }
      if (account.status === 'deactivated') return { outcome: 'refused', code: 'user-deactivated' };
      if (command.isFull === true) return { outcome: 'refused', code: 'too-many-changes' };
      return decideUpdate(userId, command.patch, data);
    case 'change-email': {
      if (account.status === 'deactivated') return { outcome: 'refused', code: 'user-deactivated' };
      if (command.isFull === true) return { outcome: 'refused', code: 'too-many-changes' };
      const { email, claim } = command;
      if (data?.email === email && account.emailVerified) return { outcome: 'unchanged' };
      const personal = { email, claim };
      return commit(userId, { name: 'email-change-requested', data: {}, personal });
    }
    default:
      return command satisfies never;
  }
}

function decideUpdate(
  userId: UserId,
  patch: UpdateUserCommand,
  data: PersonData | undefined,
): Decision {
  if (data === undefined) return { outcome: 'refused', code: 'user-not-found' };
  const profile = mergeProfile(data.profile, patch.profile ?? {});
  if (Object.keys(profile).length > MAX_PROFILE_NAMES) {
    const errors = [{ pointer: '/profile', code: 'too-many' }] as const;
    return { outcome: 'refused', code: 'invalid-request', errors };
  }
  const { displayName = data.displayName, locale = data.locale } = patch;
  const isSame =
    displayName === data.displayName &&
    locale === data.locale &&
    sortedText(profile) === sortedText(data.profile);
  if (isSame) return { outcome: 'unchanged' };
  return commit(userId, {
    name: 'profile-updated',
    data: { locale },
    personal: { displayName, profile },
  });
}

/** A merge patch of one level (RFC 7396): null takes a name out. */
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

/** Whoever was ever registered can be erased; what she held is given up in the same commit. */
function decideErasure(
  { userId, data }: Pick<UserChange, 'userId' | 'data'>,
  account: AccountState,
  situation: Situation,
): Decision {
  switch (account.status) {
    case 'absent':
    case 'refused':
      return { outcome: 'refused', code: 'user-not-found' };
    case 'erased':
      return { outcome: 'unchanged' };
    case 'pending':
    case 'active':
    case 'deactivated':
    case 'superseded':
      return {
        outcome: 'commit',
        accounts: [{ userId, event: { name: 'erased', data: {}, personal: null } }],
        claims: data === undefined ? [] : giveUp(situation, userId, data.claim),
      };
    default:
      return account satisfies never;
  }
}

function commit(userId: UserId, event: AccountEvent): Decision {
  return { outcome: 'commit', accounts: [{ userId, event }], claims: [] };
}

import {
  type OpenAttempt,
  openEvent,
  parseUserId,
  type StoredEvent,
  type UserId,
} from '@zameni/contracts';
import {
  createAttemptKeys,
  createDataKeys,
  createPositions,
  createVerificationTokens,
  openPersonal,
  type Proof,
  readKeyRing,
  readPepperRing,
  toClaimLayout,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { type Static, Type } from 'typebox';
import { secretFiles } from '../../../deploy/local/secrets/files.ts';
import { CommandError } from '../framework/command.ts';
import { chooseLink, lookAtAttempt, type NoAttemptLink, type Placed } from './attempt-link.ts';
import { type LinkLog, type LoggedAccount, withLinkLog } from './log.ts';
import {
  findHeldProof,
  findPendingProof,
  findPendingUndo,
  type NoProof,
  type PendingProof,
} from './pending-proof.ts';

/** Output of `zameni link --json`. */
export const LinkReport = Type.Object(
  {
    id: Type.String({ description: 'Of the attempt or the account that the link proves' }),
    kind: Type.Enum(['attempt', 'account']),
    purpose: Type.Enum(['registration', 'email-change', 'undo-change', 'account-of-attempt']),
    attempt: Type.Union([Type.String(), Type.Null()], {
      description: 'The attempt that the proof closes',
    }),
    request: Type.Union([Type.String(), Type.Null()], {
      description: "The account's event that asked for the proof",
    }),
    expiresAt: Type.String(),
    token: Type.String(),
    link: Type.String(),
  },
  { additionalProperties: false, title: 'LinkReport' },
);
export type LinkReport = Static<typeof LinkReport>;

/** The link to make. */
export type LinkOptions = {
  /** Id of an attempt or an account. */
  readonly id: UserId;
  /** If true, an attempt's own link is made even if an account holds the address. */
  readonly isOwn: boolean;
  /** If true, the link is made that stops the pending change of an account's address. */
  readonly isUndo: boolean;
  readonly now: Date;
  /** Lifetime of an account's link in seconds. An attempt's link ends with the attempt. */
  readonly lifetimeSeconds: number;
};

/** Paths of the keys, and the URL that links point to. */
export type LinkStack = Pick<Stack, 'keys'> & {
  readonly folders: Pick<Stack['folders'], 'secrets'>;
  readonly gateway: Pick<Stack['gateway'], 'url'>;
};

type Found = Pick<LinkReport, 'purpose'> & { readonly proof: Proof; readonly expiresAt: Date };

/** Milliseconds for all reads from the log. */
const DEADLINE_MS = 10_000;

const REFUSALS = {
  unknown: ['registration-not-found', 'there is no attempt and no account with this id'],
  proven: ['already-proven', 'the mailbox is proven already, and no address change is pending'],
  deactivated: ['user-deactivated', 'the account is deactivated and takes no proof'],
  disowned: ['address-disowned', 'the owner of the mailbox disowned the account'],
  erased: ['user-erased', 'this user was erased'],
  'attempt-expired': ['attempt-expired', 'this attempt has expired'],
  'attempt-proven': ['already-proven', 'the proof of this attempt confirmed another account'],
  'attempt-disowned': ['attempt-disowned', 'the owner of the mailbox disowned the attempt'],
  'attempt-erased': ['attempt-erased', 'this attempt was erased'],
  'address-taken': [
    'address-taken',
    'a proven account holds the address: its owner gets another mail',
  ],
  'no-change': ['no-change', 'no address change is pending'],
} as const satisfies Record<
  NoProof | NoAttemptLink | 'no-change',
  readonly [code: string, message: string]
>;

/** Makes the verification link that a mail would carry now, from the log of a local stack. */
export async function issueLink(stack: Stack, options: LinkOptions): Promise<LinkReport> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  return withLinkLog(stack, signal, (log) => makeLink(stack, log, options));
}

/** Makes a link from the records of a log. */
export async function makeLink(
  stack: LinkStack,
  log: LinkLog,
  options: LinkOptions,
): Promise<LinkReport> {
  const { purpose, proof, expiresAt } = await findProof(stack, log, options);
  const { verificationKey } = secretFiles(stack.folders.secrets);
  const positions = createPositions(readKeyRing(stack.keys.positionKeyFile));
  const clock = { positions, now: () => options.now };
  const tokens = createVerificationTokens(readKeyRing(verificationKey), clock);
  const token = await tokens.issue(proof, expiresAt);
  return {
    id: proof.id,
    kind: proof.kind,
    purpose,
    attempt: proof.kind === 'attempt' ? proof.id : (proof.attempt?.id ?? null),
    request: proof.kind === 'account' ? proof.request : null,
    expiresAt: expiresAt.toISOString(),
    token,
    // In the fragment, because browsers send it to no server, so no access log contains it.
    link: `${stack.gateway.url}/verify#token=${token}`,
  };
}

async function findProof(stack: LinkStack, log: LinkLog, options: LinkOptions): Promise<Found> {
  const { id, isUndo, now, lifetimeSeconds } = options;
  const step = lookAtAttempt(id, await log.attempt(id), now);
  switch (step.next) {
    case 'refuse':
      return refuse(step.reason);
    case 'claim':
      if (isUndo) return refuse('no-change');
      return findProofOfAttempt(stack, log, { ...options, attempt: step.attempt });
    case 'account': {
      const account = await log.account(id);
      const { purpose, ...proof } = isUndo
        ? toUndo(stack, account)
        : toProof(stack, account, findPendingProof(account.events));
      return { purpose, proof, expiresAt: new Date(now.getTime() + 1_000 * lifetimeSeconds) };
    }
    default:
      return step satisfies never;
  }
}

async function findProofOfAttempt(
  stack: LinkStack,
  log: LinkLog,
  { id, isOwn, attempt }: LinkOptions & { readonly attempt: Placed<OpenAttempt> },
): Promise<Found> {
  const { record, position } = attempt;
  const { attemptKeys } = secretFiles(stack.folders.secrets);
  // An attempt that no key opens is over, even before its instant.
  if (createAttemptKeys(readKeyRing(attemptKeys)).open(id, record) === undefined) {
    return refuse('attempt-expired');
  }
  const expiresAt = new Date(record.expiresAt);
  const { claim } = record;
  const { believed } = toClaimLayout(readPepperRing(stack.keys.pepperFile)).placeOf(claim);
  const choice = chooseLink(attempt, await log.claim(believed), isOwn);
  switch (choice.next) {
    case 'refuse':
      return refuse(choice.reason);
    case 'own':
      return {
        purpose: 'registration',
        proof: { kind: 'attempt', id, claim, position },
        expiresAt,
      };
    case 'holder': {
      const holder = parseUserId(choice.userId);
      if (holder === undefined) throw new RangeError('a claim is held by no user id');
      const account = await log.account(holder);
      const { purpose: _, ...proof } = toProof(stack, account, findHeldProof(account.events));
      const named = { ...proof, attempt: { id, position } };
      return { purpose: 'account-of-attempt', proof: named, expiresAt };
    }
    default:
      return choice satisfies never;
  }
}

/** Makes the proof for an account's link from the event that requires it. */
function toProof(stack: LinkStack, { key }: LoggedAccount, pending: PendingProof) {
  if (pending.status !== 'pending') return refuse(pending.status);
  const { event, purpose } = pending;
  const { id: request, userId: id } = event.metadata;
  return { kind: 'account' as const, id, claim: openClaim(stack, event, key), request, purpose };
}

/** Makes the proof for the mailbox that a pending change leaves. */
function toUndo(stack: LinkStack, { events, key }: LoggedAccount) {
  const undo = findPendingUndo(events);
  if (undo.status !== 'pending') return refuse(undo.status);
  const { id: request, userId: id } = undo.change.metadata;
  const claim = openClaim(stack, undo.held, key);
  return { kind: 'account' as const, id, claim, request, purpose: 'undo-change' as const };
}

/** Opens the claim of the address that an event gives, or asks to be proven. */
function openClaim(stack: LinkStack, stored: StoredEvent, key: LoggedAccount['key']): string {
  const { metadata, type, personal } = stored;
  const { id: eventId, userId } = metadata;
  if (personal === null || key === undefined) {
    throw new CommandError('key-missing', 'the key of this user is not in the log');
  }
  const dataKey = createDataKeys(readKeyRing(stack.keys.kekFile)).open(userId, key);
  const event = openEvent(stored, openPersonal(dataKey, { eventId, type, userId }, personal));
  if (event.personal === null || !('claim' in event.personal)) {
    throw new RangeError(`${event.name} names no address`);
  }
  return event.personal.claim;
}

function refuse(reason: keyof typeof REFUSALS): never {
  const [code, message] = REFUSALS[reason];
  throw new CommandError(code, message);
}

import type { ClaimRecord, UserView } from '@zameni/contracts';
import type { LogAccount } from '../log/account.ts';
import type { LogAttempt } from '../log/attempt.ts';

/** A registration that a caller wants. */
export type Wish = {
  /** Its name. Also its idempotency key, if it is sent with one. */
  readonly key: string;
  readonly isKeyed: boolean;
  readonly caller: 'public' | 'service';
  readonly email: string;
  readonly displayName: string;
  readonly locale: string;
  readonly termsVersion: string;
};

/** It may or may not be in the log. */
type Unknown = { readonly kind: 'unknown'; readonly reason: string };
/** An answer that should not exist. */
type Fault = { readonly kind: 'fault'; readonly reason: string };

/** The answer to one POST of a wish. `refused`: another account holds the address. */
export type WriteAnswer =
  | {
      readonly kind: 'decided';
      readonly status: 201 | 202;
      readonly registrationId: string;
      readonly position: number;
    }
  | { readonly kind: 'refused'; readonly code: string }
  | Unknown
  | Fault;

/** One request and its answer. Times are from the client's clock, in milliseconds. */
export type Sent<Answer> = {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly answer: Answer;
};

/** A wish and all its answers. */
export type WriteHistory = { readonly wish: Wish; readonly sent: readonly Sent<WriteAnswer>[] };

/** The answer to one proof of a mailbox. */
export type ProofAnswer =
  | { readonly kind: 'decided'; readonly userId: string; readonly position: number }
  | { readonly kind: 'refused'; readonly code: string }
  | Unknown
  | Fault;

/** The link of an attempt and all answers to its proofs. */
export type ProofHistory = {
  /** The key of the wish. */
  readonly key: string;
  readonly email: string;
  readonly attempt: { readonly id: string; readonly position: number };
  readonly sent: readonly Sent<ProofAnswer>[];
};

/** The answer to one GET. `view` is the body as received. */
export type ReadAnswer =
  | { readonly kind: 'found'; readonly position: number; readonly view: unknown }
  | { readonly kind: 'absent'; readonly position: number | undefined }
  | Unknown
  | Fault;

/** One GET of a registration that was accepted before, or of its person. */
export type ReadHistory = Sent<ReadAnswer> & {
  readonly key: string;
  readonly path: 'registrations' | 'users';
  readonly registrationId: string;
  readonly minPosition: number | undefined;
  /** True if no process is killed any more: a failure then has no excuse. */
  readonly isFinal: boolean;
};

/** Everything that clients saw. */
export type History = {
  readonly writes: readonly WriteHistory[];
  readonly proofs: readonly ProofHistory[];
  readonly reads: readonly ReadHistory[];
};

/** The final content of the log. */
export type LogFacts = {
  readonly accounts: readonly LogAccount[];
  readonly attempts: readonly LogAttempt[];
  /** The last record of each claim. */
  readonly claims: readonly { readonly k: string; readonly record: ClaimRecord }[];
  readonly keys: readonly {
    readonly userId: string;
    readonly position: number;
    readonly version: number;
  }[];
};

/** An attempt in Postgres. */
export type AttemptRow = {
  readonly id: string;
  readonly claim: string | null;
  readonly position: number;
  readonly expiresAt: string;
  readonly state: 'open' | 'void' | 'registered' | 'gone';
  readonly userId: string | null;
};

/** The final content of Postgres. */
export type ReadModel = {
  readonly users: readonly {
    readonly view: UserView;
    readonly claim: string;
    readonly position: number;
  }[];
  readonly attempts: readonly AttemptRow[];
  readonly owners: readonly {
    readonly k: string;
    readonly userId: string;
    readonly position: number;
  }[];
};

/** The final content of the stores. */
export type Stores = { readonly log: LogFacts; readonly rows: ReadModel };

/** A broken promise: its rule, what was seen, and the wish or registration concerned. */
export type Violation = {
  readonly rule: string;
  readonly detail: string;
  readonly key?: string | undefined;
  readonly registrationId?: string | undefined;
};

/** The answers that are decisions. */
export function decisionsOf<Answer extends { readonly kind: string }>({
  sent,
}: {
  readonly sent: readonly Sent<Answer>[];
}): Extract<Answer, { readonly kind: 'decided' }>[] {
  return sent.flatMap(({ answer }) => (isDecided(answer) ? [answer] : []));
}

function isDecided<Answer extends { readonly kind: string }>(
  answer: Answer,
): answer is Extract<Answer, { readonly kind: 'decided' }> {
  return answer.kind === 'decided';
}

/** JSON with sorted object keys, so that equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'undefined'
  );
}

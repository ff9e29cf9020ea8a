import type { ClaimRecord, UserView } from '@zameni/contracts';
import type { LogAccount } from './log-account.ts';

/** What a caller wants registered, under one idempotency key. */
export type Wish = {
  readonly key: string;
  readonly caller: 'public' | 'service';
  readonly email: string;
  readonly displayName: string;
  readonly locale: string;
  readonly termsVersion: string;
};

/**
 * What one POST was told. `decided`: 201 and 202 name the registration, 409 does not; the outcome
 * is unknown to the public. `unknown`: it may or may not be in the log. `fault`: an answer that
 * should not exist.
 */
export type WriteAnswer =
  | {
      readonly kind: 'decided';
      readonly status: number;
      readonly registrationId: string | undefined;
      readonly outcome: 'registered' | 'pending' | 'refused' | undefined;
      readonly position: number;
    }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'fault'; readonly reason: string };

/** One POST of a wish; times are of the client's clock, in milliseconds. */
export type Attempt = {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly answer: WriteAnswer;
};

/** A wish and everything it was told. */
export type WriteHistory = { readonly wish: Wish; readonly attempts: readonly Attempt[] };

/** What one GET was told; `view` is the body as it came. */
export type ReadAnswer =
  | { readonly kind: 'found'; readonly position: number; readonly view: unknown }
  | { readonly kind: 'absent'; readonly position: number | undefined }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'fault'; readonly reason: string };

/** One GET of a registration that was accepted before, or of its person. */
export type ReadHistory = {
  readonly key: string;
  readonly path: 'registrations' | 'users';
  readonly registrationId: string;
  readonly minPosition: number | undefined;
  /** True when nothing was killed any more, so that there is no excuse. */
  readonly isFinal: boolean;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly answer: ReadAnswer;
};

/** Everything that clients saw. */
export type History = {
  readonly writes: readonly WriteHistory[];
  readonly reads: readonly ReadHistory[];
};

/** What the log says in the end. */
export type LogFacts = {
  readonly accounts: readonly LogAccount[];
  /** The last record of each claim. */
  readonly claims: readonly { readonly k: string; readonly record: ClaimRecord }[];
  readonly keys: readonly { readonly userId: string; readonly position: number }[];
};

/** What Postgres says in the end. */
export type ReadModel = {
  readonly users: readonly {
    readonly view: UserView;
    readonly standing: string;
    readonly position: number;
  }[];
  readonly registrations: readonly {
    readonly registrationId: string;
    readonly outcome: string;
    readonly position: number;
  }[];
  readonly owners: readonly {
    readonly k: string;
    readonly userId: string;
    readonly position: number;
  }[];
};

/** The final stores. */
export type Stores = { readonly log: LogFacts; readonly rows: ReadModel };

/** A broken promise: which, what was seen, and of which wish or registration. */
export type Violation = {
  readonly rule: string;
  readonly detail: string;
  readonly key?: string | undefined;
  readonly registrationId?: string | undefined;
};

/** JSON with the names of objects in order, so that equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'undefined'
  );
}

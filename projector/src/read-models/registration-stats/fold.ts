import type { AccountFact, AttemptRecord } from '@zameni/contracts';
import { positionOf, type ProjectedRecord } from '../record.ts';
import type { RegistrationCounts } from './rows.ts';

/** The steps of a registration, in order. Nobody skips a step: a later one counts them all. */
type Step = 'accepted' | 'registered' | 'verified';

/** The steps that a record makes, and the locale of the person. */
type Steps = { readonly locale: string; readonly steps: readonly Step[] };

/**
 * Counts the steps of registrations in a batch, by the minute of the record and the locale.
 *
 * - `accepted`: a registration that is in the log. A public one is its attempt, a vouched one its
 *   account.
 * - `registered`: an account.
 * - `verified`: an account of which a mailbox was proven for the first time: with its registration,
 *   by its own link, or by a change of the address.
 *
 * A record alone says what it counts, so the sum does not depend on the batches, and stays the same
 * if the person was erased before the record was read. No step is counted twice. An attempt is one
 * record; the id of an attempt that has ended may begin another, which is another registration.
 * `registered` is the first event of an account. It names the attempt that was counted before. The
 * command API appends `email-verified` only while no mailbox of the account is proven, and says in
 * `email-changed` whether that was the first proof.
 *
 * `accepted` is counted after `carriedPosition` only: a rebuild copies it up to there, because
 * attempts do not stay in the log.
 */
export function foldRegistrationCounts(
  records: readonly ProjectedRecord[],
  carriedPosition = 0,
): RegistrationCounts[] {
  const rows = new Map<string, RegistrationCounts>();
  for (const record of records) {
    const counted = record.kind === 'attempt' ? countAttempt(record) : countEvent(record);
    if (counted === undefined) continue;
    const isCarried = positionOf(record) <= carriedPosition;
    const steps = counted.steps.filter((step) => !isCarried || step !== 'accepted');
    if (steps.length === 0) continue;
    const minute = toMinute(counted.time);
    const locale = toCountedLocale(counted.locale);
    const key = `${minute} ${locale}`;
    const before = rows.get(key) ?? { minute, locale, accepted: 0, registered: 0, verified: 0 };
    rows.set(key, steps.reduce(addStep, before));
  }
  return [...rows.values()];
}

type Counted = Steps & { readonly time: string };
type Kind<Name extends ProjectedRecord['kind']> = Extract<ProjectedRecord, { readonly kind: Name }>;

function countAttempt({ attempt }: Kind<'attempt'>): Counted | undefined {
  const { record }: { readonly record: AttemptRecord } = attempt;
  if (record.state !== 'open') return undefined;
  return { time: record.time, locale: record.locale, steps: ['accepted'] };
}

function countEvent({ event: { event, metadata } }: Kind<'event'>): Counted | undefined {
  const steps = stepsOf(event);
  return steps && { time: metadata.time, ...steps };
}

function stepsOf(event: AccountFact): Steps | undefined {
  switch (event.name) {
    case 'registered': {
      const { locale, attempt, emailVerified } = event.data;
      const steps: Step[] = attempt === undefined ? ['accepted', 'registered'] : ['registered'];
      return { locale, steps: emailVerified ? [...steps, 'verified'] : steps };
    }
    case 'email-verified':
      return { locale: event.data.locale, steps: ['verified'] };
    case 'email-changed': {
      const { firstProof } = event.data;
      return firstProof && { locale: firstProof.locale, steps: ['verified'] };
    }
    case 'profile-updated':
    case 'email-change-requested':
    case 'email-change-cancelled':
    case 'deactivated':
    case 'reactivated':
    case 'erased':
      return undefined;
    default:
      return event satisfies never;
  }
}

function addStep(counts: RegistrationCounts, step: Step): RegistrationCounts {
  return { ...counts, [step]: counts[step] + 1 };
}

/** The beginning of the minute of a time, which is UTC text in one form. */
function toMinute(time: string): string {
  return `${time.slice(0, 'YYYY-MM-DDTHH:MM'.length)}:00.000Z`;
}

const languageScriptRegion = /^[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?=-|$)/i;

/**
 * Language, script and region of a locale. The other subtags of BCP 47 can hold any text, which
 * would then outlive the erasure of the person who wrote it. `und` is the tag for no language.
 */
function toCountedLocale(locale: string): string {
  return languageScriptRegion.exec(locale)?.[0] ?? 'und';
}

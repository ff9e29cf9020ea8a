import {
  createCounter,
  createHistogram,
  METRICS,
  type SetAttributes,
  SPANS,
  startAtZero,
  withSpan,
} from '@zameni/runtime';
import { toLinks } from '../../traces/links.ts';
import type { Message, Outcome } from '../ledger/message.ts';
import { MAIL_KINDS } from '../mail.ts';
import { MAIL_OUTCOMES, toMailOutcome } from './outcome.ts';

/** Sends one mail. Undefined if it is another process's by now. */
type Deliver = (message: Message, signal: AbortSignal) => Promise<Outcome | undefined>;

/** Returns the time. */
type MeasureOptions = { readonly now: () => Date };

/**
 * Milliseconds after its record within which a mail continues the trace of it. The first tries, those
 * after greylisting too, lie within. Of a later one nobody knows in time that the trace goes on: who
 * looked at it has left, and a collector that keeps traces by what is in them has decided.
 */
const CONTINUED_MS = 300_000;

/** Has metrics and traces tell how mails end. A mail in all, from the decision on, is one span. */
export function measureDeliver(deliver: Deliver, { now }: MeasureOptions): Deliver {
  const countOutcome = createCounter(METRICS.mail.outcomes);
  startAtZero(METRICS.mail.outcomes, everyEnd());
  const measureDelay = createHistogram(METRICS.mail.delay);

  return (message, signal) =>
    inMailSpan(placeOf(message, now()), async (set) => {
      const outcome = await deliver(message, signal);
      if (outcome === undefined) return undefined;
      const kind = { 'zameni.mail.kind': outcome.kind };
      const attributes = { ...kind, 'zameni.mail.outcome': toMailOutcome(outcome) };
      const isFailed = outcome.state === 'abandoned' || outcome.state === 'doubtful';
      set({ ...attributes, ...(isFailed && { 'error.type': outcome.reason }) });
      countOutcome(attributes);
      if (outcome.state === 'sent' && message.recordAt !== null) {
        measureDelay(Math.max(0, now().getTime() - message.recordAt.getTime()) / 1_000, kind);
      }
      return outcome;
    });
}

/** Runs the work in a span, if it belongs to a trace. A request that was not recorded gets no trace later. */
function inMailSpan<T>(
  place: Place,
  run: (set: SetAttributes<typeof SPANS.mail>) => Promise<T>,
): Promise<T> {
  const isTraced = place.parent !== null || place.links.length > 0;
  return isTraced ? withSpan(SPANS.mail, place, run) : run(() => undefined);
}

/** The attributes of every outcome. A mail that is not needed has no kind by then. */
function everyEnd() {
  return MAIL_OUTCOMES.flatMap((outcome) => {
    const end = { 'zameni.mail.outcome': outcome };
    if (outcome === 'not-needed') return [end];
    return MAIL_KINDS.map((kind) => ({ ...end, 'zameni.mail.kind': kind }));
  });
}

type Place = { readonly parent: string | null; readonly links: readonly string[] };

/** A mail continues the trace of its record if that is live, and links to all others it answers for. */
function placeOf({ traceparent, mergedTraceparents, recordAt }: Message, now: Date): Place {
  const isLive = recordAt !== null && now.getTime() - recordAt.getTime() < CONTINUED_MS;
  if (isLive) return { parent: traceparent, links: toLinks(mergedTraceparents) };
  return { parent: null, links: toLinks([traceparent, ...mergedTraceparents]) };
}

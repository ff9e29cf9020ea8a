import { METRICS, SPANS } from '@zameni/runtime';
import { assertCatalogued, collectTelemetry, toTraceparent } from '@zameni/runtime/testing';
import test from 'ava';
import { takenMail } from '../ledger/message.fixture.ts';
import type { Message, Outcome } from '../ledger/message.ts';
import { MAIL_KINDS } from '../mail.ts';
import { measureDeliver } from './measured-deliver.ts';

const NOW = new Date('2026-03-04T05:06:07.089Z');
const { signal } = new AbortController();
const traceIdOf = (n: number) => toTraceparent(n).slice(3, 35);
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const deliverOf = (outcome: Outcome | undefined) =>
  measureDeliver(async () => outcome, { now: () => NOW });
const sent: Outcome = { state: 'sent', kind: 'welcome' };

/** Sends a mail and returns its span. */
const mailSpan = test.macro(
  async (
    t,
    fields: Partial<Message>,
    outcome: Outcome,
    expected: { readonly continues?: number; readonly links: readonly number[] },
  ) => {
    const telemetry = await collectTelemetry(t);
    t.is(await deliverOf(outcome)(takenMail(1, fields), signal), outcome);
    const [span, ...others] = telemetry.spansOf(SPANS.mail);
    t.deepEqual(others, []);
    if (expected.continues !== undefined) t.is(span?.traceId, traceIdOf(expected.continues));
    else t.is(span?.parentSpanId, undefined);
    const linked = span?.links.map(({ traceId }) => traceId);
    t.deepEqual(linked, expected.links.map(traceIdOf));
    assertCatalogued(t, telemetry.spans());
  },
);

const live = { traceparent: toTraceparent(1), recordAt: ago(10_000) };
test.serial('a mail continues the trace of its record', mailSpan, live, sent, {
  continues: 1,
  links: [],
});
test.serial(
  'a try hours later begins a trace, which links to that of the record',
  mailSpan,
  { ...live, recordAt: ago(3_600_000) },
  sent,
  { links: [1] },
);
test.serial(
  'a mail that answers several requests links to all of them',
  mailSpan,
  {
    traceparent: toTraceparent(3),
    recordAt: ago(3_600_000),
    merged: 2,
    mergedTraceparents: [toTraceparent(1), toTraceparent(2)],
  },
  sent,
  { links: [3, 1, 2] },
);

test.serial('a mail whose request was not recorded has no span, at no time', async (t) => {
  const telemetry = await collectTelemetry(t);
  const unsampled = toTraceparent(1, { isSampled: false });
  for (const traceparent of [null, unsampled]) {
    for (const recordAt of [null, ago(10_000), ago(3_600_000)]) {
      const message = takenMail(1, { traceparent, recordAt, mergedTraceparents: [unsampled] });
      t.is(await deliverOf(sent)(message, signal), sent);
    }
  }
  t.deepEqual(telemetry.spans(), []);
});

test.serial('a trace that is not recorded is not recorded here', async (t) => {
  const telemetry = await collectTelemetry(t);
  const traceparent = toTraceparent(1, { isSampled: false });
  await deliverOf(sent)(takenMail(1, { ...live, traceparent }), signal);
  t.deepEqual(telemetry.spans(), []);
});

test.serial('outcomes are counted, and the delay of what was sent', async (t) => {
  const telemetry = await collectTelemetry(t);
  const message = takenMail(1, live);
  for (const outcome of [
    sent,
    { state: 'waiting', kind: 'welcome', reason: 'final 451', delayMs: 1 },
    { state: 'abandoned', kind: 'welcome', reason: 'rcpt 550 5.1.1' },
    { state: 'doubtful', kind: 'welcome', reason: 'final-lost' },
    { state: 'not-needed', reason: 'erased' },
    undefined,
  ] as const satisfies readonly (Outcome | undefined)[]) {
    await deliverOf(outcome)(message, signal);
  }
  const outcomes = await telemetry.valuesOf(METRICS.mail.outcomes);
  const counted = outcomes.filter(({ value }) => value !== 0);
  // Of the kinds that none of these mails had.
  t.is(outcomes.length - counted.length, 4 * (MAIL_KINDS.length - 1));
  t.deepEqual(
    counted.map(({ attributes, value }) => [
      attributes['zameni.mail.kind'],
      attributes['zameni.mail.outcome'],
      value,
    ]),
    [
      ['welcome', 'sent', 1],
      ['welcome', 'later', 1],
      ['welcome', 'abandoned', 1],
      ['welcome', 'unknown', 1],
      [undefined, 'not-needed', 1],
    ],
  );
  t.like(await telemetry.valuesOf(METRICS.mail.delay), [
    { attributes: { 'zameni.mail.kind': 'welcome' }, value: 1, sum: 10 },
  ]);
  const errors = telemetry.spansOf(SPANS.mail).filter(({ isError }) => isError);
  t.deepEqual(
    errors.map(({ attributes }) => attributes['error.type']),
    ['rcpt 550 5.1.1', 'final-lost'],
  );
});

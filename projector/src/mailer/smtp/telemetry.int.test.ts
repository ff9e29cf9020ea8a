import { METRICS, SPANS } from '@zameni/runtime';
import {
  assertCatalogued,
  collectTelemetry,
  inTrace,
  toTraceparent,
} from '@zameni/runtime/testing';
import test from 'ava';
import { createTestSender, mailTo } from './sender.fixture.ts';
import { startSmtpServer } from './server.fixture.ts';

test.serial('each mail handed to a server has a span and a time', async (t) => {
  const telemetry = await collectTelemetry(t);
  const { port } = await startSmtpServer(t, {
    onRcptTo: ({ address }, _session, done) => {
      const refusal = Object.assign(new Error('no such user'), { responseCode: 550 });
      done(address.startsWith('nobody') ? refusal : null);
    },
  });
  const sender = createTestSender(t, { port });
  await inTrace(toTraceparent(1), async () => {
    await sender.send(mailTo('anna@example.org'));
    await sender.send(mailTo('nobody@example.org'));
    // It is no address, so nothing is handed to anybody.
    await sender.send(mailTo('nobody'));
  });
  const spans = telemetry.spansOf(SPANS.smtp);
  t.like(spans, [
    {
      parentSpanId: '00000000000000aa',
      isError: false,
      attributes: { 'server.address': '127.0.0.1', 'zameni.mail.outcome': 'sent' },
    },
    { isError: true, attributes: { 'zameni.mail.outcome': 'abandoned' } },
  ]);
  t.is(spans.length, 2);
  t.regex(String(spans[1]?.attributes['error.type']), /^rcpt 550/);
  t.false(JSON.stringify(spans).includes('example.org'));
  assertCatalogued(t, telemetry.spans());
  const durations = await telemetry.valuesOf(METRICS.mail.sendDuration);
  t.deepEqual(
    durations.map(({ attributes, value }) => [attributes['zameni.mail.outcome'], value]),
    [
      ['sent', 1],
      ['abandoned', 1],
    ],
  );
});

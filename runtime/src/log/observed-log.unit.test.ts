import test from 'ava';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { SPANS } from '../telemetry/catalogue/spans.ts';
import { withSpan } from '../telemetry/trace.ts';
import { assertCatalogued, collectTelemetry } from '../testing/telemetry.ts';
import { createMemoryLog } from './memory.ts';
import { observeLog } from './observed-log.ts';

const signal = AbortSignal.timeout(60_000);
const subject = 'zameni.account.vera';
const message = { subject, data: '{"email":"vera@example.org"}', expectedPosition: 0 };

test.serial(
  'measures operations by kind and failure, with spans only in a recorded trace',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const log = observeLog(createMemoryLog());
    await log.append([message], signal);
    t.deepEqual(telemetry.spans(), []);
    await withSpan(SPANS.publish, { parent: null }, async () => {
      await log.append([message], signal);
      await log.readLast([subject, 'zameni.account.other'], signal);
      await log.head(signal);
    });
    const kinds = telemetry.spans().map(({ name }) => name);
    t.deepEqual(kinds, ['append', 'read ACCOUNTS', 'info ACCOUNTS', 'publish ACCOUNTS']);
    // A conflict is expected among rivals.
    t.like(telemetry.spansOf(SPANS.append)[0], {
      isError: false,
      attributes: { 'zameni.commit.outcome': 'conflict', 'messaging.batch.message_count': 1 },
    });
    t.is(telemetry.spansOf(SPANS.read)[0]?.attributes['messaging.batch.message_count'], 1);
    const values = await telemetry.valuesOf(METRICS.commit.appendDuration);
    t.deepEqual(
      values.map(({ attributes, value }) => [
        attributes['messaging.operation.name'],
        attributes['error.type'],
        value,
      ]),
      [
        ['publish', undefined, 1],
        ['publish', 'conflict', 1],
        ['read', undefined, 1],
        ['info', undefined, 1],
      ],
    );
    assertCatalogued(t, telemetry.spans());
    t.notRegex(JSON.stringify(telemetry.spans()), /vera/);
  },
);

test.serial('names what an operation threw', async (t) => {
  const telemetry = await collectTelemetry(t);
  const away = async () => Promise.reject(new DOMException('late', 'TimeoutError'));
  const log = observeLog({ ...createMemoryLog(), readSubject: away });
  await t.throwsAsync(
    withSpan(SPANS.decide, { parent: null }, () => log.readSubject(subject, signal)),
    { any: true },
  );
  t.like(telemetry.spansOf(SPANS.read)[0], {
    isError: true,
    attributes: { 'error.type': 'TimeoutError' },
  });
  t.like(await telemetry.valuesOf(METRICS.commit.appendDuration), [
    { attributes: { 'error.type': 'TimeoutError' } },
  ]);
});

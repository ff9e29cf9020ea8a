import { subjects, type RegistrationAccepted } from '@zameni/contracts';
import { SPANS } from '@zameni/runtime';
import {
  assertCatalogued,
  collectTelemetry,
  createMemoryLog,
  observeLog,
  toTraceparent,
  waitUntil,
} from '@zameni/runtime/testing';
import test from 'ava';
import { readAll, signal, toUserId } from '../log/log.fixture.ts';
import { as, createApi, key, operator, person } from '../testing/api.fixture.ts';

const traceId = toTraceparent(1).slice(3, 35);
const traced = (n: number) => ({ traceparent: toTraceparent(n) });

test.serial(
  'the record of a registration carries the trace context of its `publish`',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const log = observeLog(createMemoryLog());
    const api = createApi(t, { log });
    const response = await api.post(person, traced(1));
    const id = toUserId(response.json<RegistrationAccepted>().registrationId);
    await waitUntil(() => telemetry.spansOf(SPANS.decide).length === 1);
    const [published] = telemetry.spansOf(SPANS.publish);
    const record = await log.readFirst(subjects.attempt(id), signal);
    t.is(record?.traceparent, `00-${traceId}-${published?.spanId}-01`);
    const own = telemetry.spans().filter((span) => span.traceId === traceId);
    const names = own.map(({ name }) => name).toSorted();
    t.deepEqual(names, [
      'POST /v1/registrations',
      'append',
      'decide',
      'publish ACCOUNTS',
      'validate',
      'wait for group',
    ]);
    assertCatalogued(t, telemetry.spans());
  },
);

test.serial(
  'a registration with a key and a change continue the trace of their callers',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const log = observeLog(createMemoryLog());
    const api = createApi(t, { log });
    const response = await api.post(person, { ...key, ...traced(1) });
    const id = toUserId(response.json<RegistrationAccepted>().registrationId);
    await api.prove(id);
    await api.send({
      method: 'PATCH',
      url: `/v1/users/${id}`,
      body: { displayName: 'Vera M.' },
      headers: { ...operator, ...traced(2) },
    });
    const published = telemetry.spansOf(SPANS.publish);
    const traceparents = (await readAll(log)).map(({ traceparent }) => traceparent);
    for (const [n, { spanId }] of published.entries()) {
      t.true(
        traceparents.some((traceparent) => traceparent?.includes(spanId)),
        `${n}`,
      );
    }
    // Each of them reads or appends in its own trace, whoever began the round or the group.
    const operations = [...telemetry.spansOf(SPANS.append), ...telemetry.spansOf(SPANS.read)];
    const parents = new Map(published.map(({ spanId, traceId }) => [spanId, traceId]));
    t.true(operations.length >= 4);
    t.true(operations.every((span) => parents.get(span.parentSpanId ?? '') === span.traceId));
    assertCatalogued(t, telemetry.spans());
    t.notRegex(JSON.stringify(telemetry.spans()), /vera|example|Niš/i);
  },
);

test.serial('a refusal is an answer and no failure', async (t) => {
  const telemetry = await collectTelemetry(t);
  const api = createApi(t, { log: observeLog(createMemoryLog()) });
  await api.post(person, operator);
  const response = await api.post(person, { ...operator, ...traced(1) });
  t.is(response.statusCode, 409);
  const published = telemetry.spansOf(SPANS.publish).find((span) => span.traceId === traceId);
  t.like(published, { isError: false, attributes: { 'zameni.problem.code': 'address-taken' } });
  t.is(published?.attributes['error.type'], undefined);
});

test.serial(
  'a trace that is not sampled has no spans, and its record does not name it',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const log = observeLog(createMemoryLog());
    const api = createApi(t, { log });
    await api.post(person, { traceparent: toTraceparent(1, { isSampled: false }) });
    t.deepEqual(telemetry.spans(), []);
    const [record] = await readAll(log);
    t.is(record?.traceparent, undefined);
  },
);

test.serial('an import has its first hundred rows in its trace', async (t) => {
  const telemetry = await collectTelemetry(t);
  const { app } = createApi(t, { log: observeLog(createMemoryLog()) });
  const rows = Array.from({ length: 102 }, (_, n) => ({ ...person, email: `p${n}@example.org` }));
  const response = await app.inject({
    method: 'POST',
    url: '/v1/imports',
    payload: rows.map((row) => JSON.stringify(row)).join('\n'),
    headers: {
      ...as('operator', 'users:import'),
      ...key,
      ...traced(1),
      'content-type': 'application/x-ndjson',
    },
  });
  t.is(response.statusCode, 202);
  const published = telemetry.spansOf(SPANS.publish);
  t.is(published.filter((span) => span.traceId === traceId).length, 100);
  t.is(published.filter(({ parentSpanId }) => parentSpanId === undefined).length, 2);
});

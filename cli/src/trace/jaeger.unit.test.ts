import test from 'ava';
import { CommandError } from '../framework/command.ts';
import { parseJaegerAnswer } from './jaeger.ts';

/** An answer of Jaeger 2.13, shortened. */
const answer = {
  result: {
    resourceSpans: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: { stringValue: 'command-api' } },
            { key: 'service.instance.id', value: { stringValue: 'command-api-1' } },
          ],
        },
        scopeSpans: [
          {
            scope: { name: 'zameni' },
            spans: [
              {
                traceId: '5b8efff798038103d269b633813fc60c',
                spanId: 'eee19b7ec3c1b174',
                name: 'root',
                kind: 2,
                startTimeUnixNano: '1795750000000000000',
                endTimeUnixNano: '1795750000005000000',
                attributes: [
                  { key: 'http.route', value: { stringValue: '/v1' } },
                  { key: 'http.response.status_code', value: { intValue: '503' } },
                ],
                links: [
                  { traceId: '5b8efff798038103d269b633813fc60d', spanId: 'eee19b7ec3c1b175' },
                ],
                status: { message: 'bad', code: 2 },
              },
              {
                traceId: '5b8efff798038103d269b633813fc60c',
                spanId: 'eee19b7ec3c1b175',
                parentSpanId: 'eee19b7ec3c1b174',
                name: 'child',
                startTimeUnixNano: '1795750000001000000',
                endTimeUnixNano: '1795750000002000000',
                status: {},
              },
            ],
          },
        ],
      },
    ],
  },
};

test('reads the spans of an answer of Jaeger', (t) => {
  const [root, child] = parseJaegerAnswer(JSON.stringify(answer));
  t.deepEqual(root, {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    parentSpanId: null,
    service: 'command-api',
    instance: 'command-api-1',
    name: 'root',
    kind: 'server',
    startNs: '1795750000000000000',
    endNs: '1795750000005000000',
    status: { code: 'error', message: 'bad' },
    attributes: { 'http.route': '/v1', 'http.response.status_code': 503 },
    links: [
      {
        traceId: '5b8efff798038103d269b633813fc60d',
        spanId: 'eee19b7ec3c1b175',
        attributes: {},
      },
    ],
    events: [],
  });
  t.like(child, { parentSpanId: 'eee19b7ec3c1b174', status: { code: 'unset', message: '' } });
});

test('refuses the answer of something else', (t) => {
  for (const text of ['<html>', '{}', '{"data":[]}']) {
    t.throws(() => parseJaegerAnswer(text), { instanceOf: CommandError, message: /Jaeger 2/ });
  }
});

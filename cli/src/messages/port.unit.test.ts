import test from 'ava';
import { createOperatorClient } from '../operator/client.ts';
import { answer, createAnswers, messageAt, problem } from './port.fixture.ts';
import { createMessagePort } from './port.ts';

function createTestPort(...answers: readonly (Response | Error)[]) {
  const { fetch, sent } = createAnswers(...answers);
  const client = createOperatorClient({
    service: 'mailer',
    urls: ['http://one', 'http://two'],
    token: async () => 'token',
    signal: new AbortController().signal,
    fetch,
  });
  return { port: createMessagePort(client), sent, urls: () => sent.map(({ url }) => url) };
}

const [first, second, third] = [messageAt(9), messageAt(8), messageAt(7)];

test('lists pages until the limit', async (t) => {
  const { port, urls } = createTestPort(
    answer({ messages: [first], next: '9' }),
    answer({ messages: [second], next: '8' }),
  );
  const listed = await port.list({ state: 'abandoned', reason: 'rcpt 550' }, 2);
  t.deepEqual(listed, { messages: [first, second], hasMore: true });
  t.deepEqual(urls(), [
    'http://one/v1/messages?limit=2&state=abandoned&reason=rcpt+550',
    'http://one/v1/messages?limit=1&state=abandoned&reason=rcpt+550&after=9',
  ]);
});

test('lists until the last page, a thousand at a time', async (t) => {
  const { port, urls } = createTestPort(
    answer({ messages: [first, second], next: '8' }),
    answer({ messages: [third], next: null }),
  );
  const listed = await port.list({}, 5_000);
  t.deepEqual(listed, { messages: [first, second, third], hasMore: false });
  t.deepEqual(urls(), [
    'http://one/v1/messages?limit=1000',
    'http://one/v1/messages?limit=1000&after=8',
  ]);
});

test('asks the next mailer if one does not answer', async (t) => {
  const { port } = createTestPort(new Error('refused'), answer({ messages: [], next: null }));
  t.deepEqual(await port.list({}, 1), { messages: [], hasMore: false });
  const away = createTestPort(new Error('refused'), new Error('refused'));
  const error = await t.throwsAsync(away.port.list({}, 1));
  t.like(error, { code: 'no-answer', message: 'no mailer answers; try npx zameni status' });
});

test('finds a mail, or nothing', async (t) => {
  const { port, urls } = createTestPort(answer(first), problem('not-found', 404));
  t.deepEqual(await port.find('9'), first);
  t.is(await port.find('7'), undefined);
  t.deepEqual(urls(), ['http://one/v1/messages/9', 'http://one/v1/messages/7']);
});

test('redrives a mail, or says why not', async (t) => {
  const { port, sent } = createTestPort(
    answer(first, 202),
    problem('message-state', 409),
    problem('not-found', 404),
    problem('forbidden', 403),
  );
  t.deepEqual(await port.redrive('9'), first);
  t.is(await port.redrive('9'), 'refused');
  t.is(await port.redrive('9'), 'not-found');
  await t.throwsAsync(port.redrive('9'), { code: 'forbidden' });
  t.deepEqual(sent[0], {
    url: 'http://one/v1/messages/9/redrives',
    method: 'POST',
    body: undefined,
  });
});

test('redrives all mails with a reason, and none twice', async (t) => {
  const { port, sent } = createTestPort(
    answer({ redriven: 1_000, next: '2000' }, 202),
    answer({ redriven: 4, next: null }, 202),
  );
  t.is(await port.redriveAll('rcpt 550'), 1_004);
  t.deepEqual(
    sent.map(({ body }) => body),
    [{ reason: 'rcpt 550' }, { reason: 'rcpt 550', after: '2000' }],
  );
});

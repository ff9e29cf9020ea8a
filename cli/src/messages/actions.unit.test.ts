import type { LedgerMessage, MessageView } from '@zameni/contracts';
import test from 'ava';
import { Value } from 'typebox/value';
import { parseArguments } from '../framework/arguments.ts';
import { UsageError } from '../framework/command.ts';
import { createMemoryIo } from '../framework/io.fixture.ts';
import { createOperatorClient } from '../operator/client.ts';
import { toAction } from './actions.ts';
import { messagesCommand } from './command.ts';
import { answer, createAnswers, messageAt, problem } from './port.fixture.ts';
import { LedgerReport, MessagesReport, RedriveReport } from './reports.ts';

/** Runs an action with its words on a service that gives these answers. */
async function run(words: readonly string[], ...answers: readonly Response[]) {
  const io = createMemoryIo();
  const { fetch, sent } = createAnswers(...answers);
  const { service, scopes, run: start } = toAction(parseArguments(messagesCommand, words), io);
  const client = createOperatorClient({
    service,
    urls: ['http://one'],
    token: async () => 'token',
    signal: new AbortController().signal,
    fetch,
  });
  const status = await start(client);
  return { status, service, scopes, sent, out: io.out() };
}

/** A mail as the gateway shows it. */
function viewOf(message: LedgerMessage): MessageView {
  const { position: _position, userId: _user, attemptId: _attempt, merged: _, ...view } = message;
  return view;
}

const id = '01980000-0000-7000-8000-00000000000a';
const page = (messages: readonly object[], next: string | null = null) =>
  answer({ messages, next });
const waiting = messageAt(12, {
  state: 'waiting',
  cause: 'email-verified',
  kind: null,
  reason: 'connect-failed ECONNREFUSED',
  repeats: 1,
  nextTryAt: '2026-03-04T06:00:00.000Z',
});
const sent = messageAt(7, { state: 'sent', tries: 1, reason: null });
const attempt = messageAt(5, { cause: 'attempt', userId: null, attemptId: id });

test('an id prints every mail of it as a table, the newest first', async (t) => {
  const words = [id.toUpperCase()];
  const { status, out, service, scopes } = await run(words, page([viewOf(waiting), viewOf(sent)]));
  t.is(status, 0);
  t.is(service, 'gateway');
  t.deepEqual(scopes, ['ops:read']);
  t.is(
    out,
    `asked for                 mail              state    tries           changed                   next try                  reason                       id
2026-03-04T05:06:07.089Z  (email-verified)  waiting  3 (1 in doubt)  2026-03-04T05:07:00.000Z  2026-03-04T06:00:00.000Z  connect-failed ECONNREFUSED  12
2026-03-04T05:06:07.089Z  confirm-account   sent     1               2026-03-04T05:07:00.000Z  -                         -                            7
`,
  );
});

test('an id prints all pages for programs, and nothing is no failure', async (t) => {
  const pages = [page([viewOf(waiting)], '12'), page([viewOf(sent)])];
  const { out, sent: requests } = await run([id, '--json'], ...pages);
  const report: unknown = JSON.parse(out);
  t.true(Value.Check(MessagesReport, report));
  t.deepEqual(report, { id, messages: [viewOf(waiting), viewOf(sent)] });
  t.deepEqual(
    requests.map(({ url }) => url),
    [
      `http://one/v1/users/${id}/messages?limit=100`,
      `http://one/v1/users/${id}/messages?limit=100&after=12`,
    ],
  );
  const nothing = await run([id], page([]));
  t.is(nothing.status, 0);
  t.is(nothing.out, 'Nobody has asked for a mail with this id.\n');
});

test('a reason does not control the terminal', async (t) => {
  const { out } = await run(['ls'], page([messageAt(1, { reason: '\u001b[2J' })]));
  t.false(out.includes('\u001b'));
});

test('ls prints the mails of everybody, with whom they are for', async (t) => {
  const words = ['ls', '--state', 'abandoned', '--reason', 'rcpt 550', '--limit', '2'];
  const { status, out, service, sent: requests } = await run(words, page([attempt, sent], '5'));
  t.is(status, 0);
  t.is(service, 'mailer');
  t.is(requests[0]?.url, 'http://one/v1/messages?limit=2&state=abandoned&reason=rcpt+550');
  t.regex(out, /^id +asked for +mail /);
  t.regex(out, new RegExp(`^5 .* rcpt 550 5\\.1\\.1 +attempt ${id}$`, 'm'));
  t.regex(out, new RegExp(`^7 .* ${sent.userId}$`, 'm'));
  t.regex(out, /\n\nThere are more: --limit/);
  t.is((await run(['ls'], page([]))).out, 'There is no such mail.\n');
});

test('ls prints a document for programs', async (t) => {
  const { out } = await run(['ls', '--json'], page([waiting, sent]));
  const report: unknown = JSON.parse(out);
  t.true(Value.Check(LedgerReport, report));
  t.deepEqual(report, { messages: [waiting, sent], hasMore: false });
});

test('redrive reports each mail, and fails if one is refused or missing', async (t) => {
  const redriven = { ...waiting, reason: 'redriven' };
  const { status, out, scopes } = await run(
    ['redrive', '12', '7', '99'],
    answer(redriven, 202),
    problem('message-state', 409),
    answer(sent),
    problem('not-found', 404),
  );
  t.is(status, 1);
  t.deepEqual(scopes, ['ops:read', 'ops:write']);
  t.is(
    out,
    `requested  12  waiting  (email-verified)  redriven
refused    7   sent     confirm-account   -
not-found  99  -        -                 -

1 mail will be tried again now.
`,
  );
  const good = await run(['redrive', '12', '12', '--json'], answer(redriven, 202));
  t.is(good.status, 0);
  const report: unknown = JSON.parse(good.out);
  t.true(Value.Check(RedriveReport, report));
  const messages = [{ id: '12', outcome: 'requested', message: redriven }];
  t.deepEqual(report, { isDryRun: false, count: 1, messages });
});

test('redrive --all asks for all with a reason', async (t) => {
  const words = ['redrive', '--all', '--reason', 'rcpt 550'];
  const {
    status,
    out,
    sent: requests,
  } = await run(words, answer({ redriven: 3, next: null }, 202));
  t.is(status, 0);
  t.is(out, '3 mails will be tried again now.\n');
  t.like(requests, [{ method: 'POST', body: { reason: 'rcpt 550' } }]);
});

test('a dry run reads only', async (t) => {
  const some = await run(['redrive', '5', '7', '--dry-run'], answer(attempt), answer(sent));
  t.is(some.status, 1);
  t.regex(some.out, /^untouched +5 .*\nrefused +7 .*\n\n1 mail would be tried again\.\n$/);
  const unreadable = messageAt(4, { cause: 'unreadable', reason: 'rcpt 550' });
  const words = ['redrive', '--all', '--reason', 'rcpt 550', '--dry-run'];
  const all = await run(words, page([attempt, messageAt(3), unreadable]));
  t.is(all.status, 0);
  t.regex(all.out, /\n\n2 mails would be tried again\.\n$/);
  t.is(all.sent[0]?.url, 'http://one/v1/messages?limit=1000&state=abandoned&reason=rcpt+550');
  for (const { sent: requests, scopes } of [some, all]) {
    t.deepEqual(scopes, ['ops:read']);
    t.true(requests.every(({ method }) => method === 'GET'));
  }
});

for (const line of [
  'nobody',
  `${id} 7`,
  `${id} --reason x`,
  'ls 7',
  'ls --all',
  'ls --limit 0',
  'ls --reason %',
  'redrive',
  'redrive x',
  'redrive 0',
  'redrive 7 --all --reason x',
  'redrive 7 --reason x',
  'redrive 7 --state unknown',
  'redrive --all',
]) {
  test(`"${line}" is refused before anything is sent`, async (t) => {
    await t.throwsAsync(run(line.split(' ')), { instanceOf: UsageError });
  });
}

test('the states of ls are those of the ledger', (t) => {
  t.throws(() => parseArguments(messagesCommand, ['ls', '--state', 'lost']), {
    message: /^--state cannot be "lost"/,
  });
});

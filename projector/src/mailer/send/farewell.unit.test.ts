import { randomBytes } from 'node:crypto';
import { encodeEvent, FAREWELL_LIFETIME_SECONDS, subjects } from '@zameni/contracts';
import {
  createAttemptKeys,
  createPositions,
  createVerificationTokens,
  type KeyRing,
  toClaimLayout,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import {
  claimOf,
  createTestDataKeys,
  emailChanged,
  erasedMessages,
  metadataOf,
  registeredMessages,
  userIdOf,
} from '../../accounts.fixture.ts';
import { takenMail } from '../ledger/message.fixture.ts';
import type { Message } from '../ledger/message.ts';
import type { Mail } from '../mail.ts';
import { deliver, type DeliverDeps } from './deliver.ts';

const signal = AbortSignal.timeout(60_000);
const userId = userIdOf(1);
const TIME = '2026-03-04T05:06:07.089Z';
const DAY = '2026-03-04';
const ADDRESS = 'Person.1@example.org';
const ringOf = (id: string): KeyRing => ({ current: id, keys: new Map([[id, randomBytes(32)]]) });
const attemptRing = ringOf(DAY);

type Sent = { readonly to: string; readonly mail: Mail };

/** A mailer over a log in which the first person is erased. Takes the time since the erasure. */
async function createMailer(sinceMs = 1_000, ring = attemptRing) {
  const log = createMemoryLog();
  const dataKeys = createTestDataKeys();
  await log.append(registeredMessages(1, dataKeys), signal);
  const keys = createAttemptKeys(attemptRing);
  const record = keys.sealFarewell(userId, { time: TIME, locale: 'sr-Cyrl-RS' }, ADDRESS);
  const farewell = { subject: subjects.farewell(userId), data: JSON.stringify(record) };
  await log.append([{ ...farewell, expectedPosition: 0 }, ...erasedMessages(1, 3)], signal);
  const sent: Sent[] = [];
  const now = () => new Date(Date.parse(TIME) + sinceMs);
  const mails: Mail[] = [];
  const deps: DeliverDeps = {
    log,
    attempts: { findNewest: async () => undefined },
    attemptKeys: createAttemptKeys(ring),
    dataKeys,
    claims: () => toClaimLayout({ ...ringOf('1'), layers: ['1'] }),
    tokens: createVerificationTokens(ringOf('1'), { positions: createPositions(ringOf('1')), now }),
    product: 'Zameni',
    baseUrl: 'https://example.org',
    linkLifetimeMs: 1_000,
    from: 'Zameni <noreply@example.org>',
    smtp: {
      send: async ({ to }) => {
        const mail = mails.at(-1);
        if (mail !== undefined) sent.push({ to, mail });
        return { outcome: 'accepted', response: '250' };
      },
    },
    render: (mail) => {
      mails.push(mail);
      return { subject: '', text: '', html: '', language: 'en', direction: 'ltr' };
    },
    hand: async () => true,
    now,
    unmade: { note: () => undefined },
  };
  return { log, deps, sent };
}

function message(fields: Partial<Message> = {}): Message {
  return takenMail(1, { cause: 'farewell', position: 4, createdAt: new Date(TIME), ...fields });
}

const ended = { state: 'not-needed', reason: 'farewell-ended' } as const;

test('a farewell is sent to the address it holds, in the language of the person, without a name', async (t) => {
  const { deps, sent } = await createMailer();
  t.deepEqual(await deliver(deps, message(), signal), { state: 'sent', kind: 'erased' });
  const mail = { kind: 'erased', locale: 'sr-Cyrl-RS', product: 'Zameni' } as const;
  t.deepEqual(sent, [{ to: ADDRESS, mail }]);
});

test('no other mail is sent to an erased person', async (t) => {
  const { deps, sent } = await createMailer();
  const earlier = message({ cause: 'registered', position: 3 });
  t.deepEqual(await deliver(deps, earlier, signal), { state: 'not-needed', reason: 'erased' });
  t.deepEqual(sent, []);
});

test('it is not sent once its record is gone', async (t) => {
  const { deps, sent, log } = await createMailer();
  await log.deleteUpTo(subjects.farewell(userId), 4, signal);
  t.deepEqual(await deliver(deps, message(), signal), ended);
  t.deepEqual(sent, []);
});

test('it is not sent once its time is over, even if a server still shows it', async (t) => {
  const lifetimeMs = FAREWELL_LIFETIME_SECONDS * 1_000;
  const { deps, sent } = await createMailer(lifetimeMs);
  t.deepEqual(await deliver(deps, message(), signal), ended);
  t.deepEqual(sent, []);
  const { deps: before } = await createMailer(lifetimeMs - 1);
  t.like(await deliver(before, message(), signal), { state: 'sent' });
});

test('it is not sent if nothing opens it', async (t) => {
  const { deps } = await createMailer(1_000, ringOf(DAY));
  t.deepEqual(await deliver(deps, message(), signal), ended);
});

test('a message about another record of the person is not it', async (t) => {
  const { deps } = await createMailer();
  t.deepEqual(await deliver(deps, message({ position: 2 }), signal), ended);
});

test('the farewell to a former mailbox is found by the change, and sent to the address it holds', async (t) => {
  const { deps, sent, log } = await createMailer();
  const former = 'former@example.net';
  const { data, ...made } = emailChanged(claimOf(9));
  const change = { ...made, data: { ...data, undoUntil: TIME } };
  const subject = subjects.account(userId);
  // The change that left it, and eight later ones.
  const requests = [data.request, ...Array.from({ length: 8 }, (_, n) => userIdOf(20 + n))];
  for (const [n, request] of requests.entries()) {
    const event = { ...change, data: { ...change.data, request } };
    const text = encodeEvent(metadataOf(1, 3 + n), event, 'AAAA');
    await log.append([{ subject, data: text, expectedPosition: 5 + n }], signal);
  }
  const keys = createAttemptKeys(attemptRing);
  const record = keys.sealFarewell(data.request, { time: TIME, locale: 'en', userId }, former);
  const farewell = { subject: subjects.farewell(data.request), data: JSON.stringify(record) };
  await log.append([{ ...farewell, expectedPosition: 0 }], signal);
  const outcome = await deliver(deps, message({ position: 6 + requests.length }), signal);
  t.deepEqual(outcome, { state: 'sent', kind: 'erased' });
  t.deepEqual(
    sent.map(({ to }) => to),
    [former],
  );
});

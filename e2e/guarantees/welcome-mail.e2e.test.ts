import { randomUUID } from 'node:crypto';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { isDone, openLedger } from '../mail/ledger.ts';
import { startMailServer, type TakenMail } from '../mail/smtp-server.ts';
import { linkIn, type MailLanguage, subjectOf, SUBJECTS, tokenIn } from '../mail/texts.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

/** A first retry comes after 10 to 20 s. */
const RETRIED_MS = 35_000;

/** Connections of a mailer to its server. */
const CONNECTIONS = 10;

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'welcome-mail');
const { operator, anyone, attempt, register, read } = actors;
const ledger = openLedger(stack);
// Without SMTPUTF8: all the addresses but one can do without it.
const server = await startMailServer(stack, { hasSmtpUtf8: false });
test.before(() => ledger.untilIdle());
test.after.always(async () => {
  await server[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
  await actors[Symbol.asyncDispose]();
});

/** A mailbox that no other test uses. */
const mailboxOf = (name: string) => `${name}.${randomUUID()}@welcome.example.org`;

/** A person who reads a language. */
const personIn = (email: string, locale: string) => {
  return { ...personAt(email), displayName: 'Анна <b>Ng</b>', locale };
};

/** Follows a link, with the answers of its reader. */
async function follow(mail: TakenMail | undefined, said: object = {}) {
  const answer = await anyone.verifyEmail({ body: { token: tokenIn(mail), ...said } });
  if (answer.status !== 202) return { status: answer.status, code: answer.code };
  return { status: 202, userId: answer.body.userId };
}

/** Registers as the public and proves by the mail's link. */
async function joinByMail(email: string, locale = 'en'): Promise<string> {
  const { id } = await attempt(personIn(email, locale));
  const [mail] = await server.untilTaken(email, 1);
  if ((await follow(mail)).userId !== id) throw new Error('the link proves another attempt');
  return id;
}

/** Asserts what every mail has, and which mails a mailbox got, in order. */
async function assertMails(
  t: ExecutionContext,
  mailbox: string,
  language: MailLanguage,
  expected: readonly (keyof (typeof SUBJECTS)['en'])[],
): Promise<void> {
  const mails = await server.untilTaken(mailbox, expected.length);
  t.deepEqual(
    mails.map((mail) => subjectOf(mail, language)),
    expected,
  );
  const ids = mails.map(({ headers }) => headers.get('message-id') ?? '');
  t.is(new Set(ids).size, ids.length);
  for (const mail of mails) {
    const { headers, text, html } = mail;
    t.regex(headers.get('message-id') ?? '', /^<[\w-]{32}@zameni\.example>$/);
    t.is(headers.get('auto-submitted'), 'auto-generated');
    t.is(headers.get('from'), 'Zameni <noreply@zameni.example>');
    t.is(headers.get('to'), mailbox);
    // The name of an erased person is erased too.
    const isNamed = headers.get('subject') !== SUBJECTS[language].erased;
    t.is(text.includes('Анна <b>Ng</b>'), isNamed);
    t.is(html.includes('Анна &lt;b&gt;Ng&lt;/b&gt;'), isNamed);
    const link = linkIn(mail);
    if (link !== null) t.like(link, { url: system.gatewayUrl, lang: language });
  }
}

for (const language of ['en', 'ru'] as const) {
  test(`${language}: an attempt gets a link that proves the mailbox, then a welcome`, async (t) => {
    const email = mailboxOf('attempt');
    const id = await joinByMail(email, language);
    await assertMails(t, email, language, ['confirm', 'welcome']);
    const rows = await ledger.untilRows(id, (all) => all.length === 2 && all.every(isDone));
    t.like(rows, [{ kind: 'confirm-attempt' }, { kind: 'welcome' }]);
    // The account is proven now, so who asks again is told so. A stranger learns nothing.
    await attempt(personIn(email, 'sr'));
    await assertMails(t, email, language, ['confirm', 'welcome', 'already-registered']);
    t.is(linkIn((await server.untilTaken(email, 3))[2] ?? t.fail()), null);
  });

  test(`${language}: a vouched registration gets a link, and another one on resend`, async (t) => {
    const email = mailboxOf('vouched');
    const { id } = await register(personIn(email, language));
    await assertMails(t, email, language, ['confirm']);
    t.is((await anyone.resendVerification({ body: { email } })).status, 202);
    const mails = await server.untilTaken(email, 2);
    t.like(await follow(mails[1]), { status: 202, userId: id });
    await assertMails(t, email, language, ['confirm', 'confirm', 'welcome']);
  });

  test(`${language}: an attempt on an address held unproven asks its owner`, async (t) => {
    const email = mailboxOf('held');
    const { id } = await register(personIn(email, language));
    await server.untilTaken(email, 1);
    await attempt(personAt(email));
    const mails = await server.untilTaken(email, 2);
    await assertMails(t, email, language, ['confirm', 'holder-unproven']);
    t.like(await follow(mails[1]), { status: 202, userId: id });
    await assertMails(t, email, language, ['confirm', 'holder-unproven', 'welcome']);
  });

  test(`${language}: a deactivation, an attempt then, and a reactivation`, async (t) => {
    const email = mailboxOf('off');
    const id = await joinByMail(email, language);
    await server.untilTaken(email, 2);
    const about = { params: { id }, body: { reasonCode: 'requested' } };
    t.is((await operator.deactivateUser(about)).status, 202);
    await server.untilTaken(email, 3);
    await attempt(personAt(email));
    const mails = await server.untilTaken(email, 4);
    t.is((await operator.reactivateUser(about)).status, 202);
    const both = ['confirm', 'welcome', 'deactivated', 'already-registered'] as const;
    await assertMails(t, email, language, [...both, 'reactivated']);
    const active = await joinActive(language);
    t.not(mails[3]?.text, active.text, 'it says that the account is deactivated');
  });

  test(`${language}: an erasure is confirmed, also to the former mailbox of a change`, async (t) => {
    const [old, taken] = [mailboxOf('left'), mailboxOf('taken')];
    const id = await joinByMail(old, language);
    await server.untilTaken(old, 2);
    t.is((await operator.changeEmail({ params: { id }, body: { email: taken } })).status, 202);
    t.like(await follow((await server.untilTaken(taken, 1))[0]), { status: 202, userId: id });
    await server.untilTaken(old, 4);
    t.is((await operator.eraseUser({ params: { id } })).status, 202);
    await assertMails(t, taken, language, ['confirm-change', 'erased']);
    const before = ['confirm', 'welcome', 'change-notice', 'changed-notice'] as const;
    await assertMails(t, old, language, [...before, 'erased']);
    t.is((await follow(server.mailsTo(old)[3], { notMine: true })).status, 422);
  });

  test(`${language}: a change of the address is confirmed there, and undone here`, async (t) => {
    const [old, wrong, right] = [mailboxOf('old'), mailboxOf('wrong'), mailboxOf('right')];
    const id = await joinByMail(old, language);
    await server.untilTaken(old, 2);
    const change = async (email: string) => {
      t.is((await operator.changeEmail({ params: { id }, body: { email } })).status, 202);
    };
    await change(wrong);
    await assertMails(t, wrong, language, ['confirm-change']);
    await assertMails(t, old, language, ['confirm', 'welcome', 'change-notice']);
    const notice = server.mailsTo(old)[2];
    t.true(notice?.text.includes('w***@welcome.example.org'));
    t.false(notice?.text.includes(wrong));
    t.like(await follow(notice, { notMine: true }), { status: 202 });
    t.is((await follow(server.mailsTo(wrong)[0])).status, 422);
    await change(right);
    const [link] = await server.untilTaken(right, 1);
    t.like(await follow(link), { status: 202, userId: id });
    await attempt(personAt(right));
    await assertMails(t, right, language, ['confirm-change', 'already-registered']);
    const notices = [
      'confirm',
      'welcome',
      'change-notice',
      'change-notice',
      'changed-notice',
    ] as const;
    await assertMails(t, old, language, notices);
    const made = server.mailsTo(old)[4];
    t.true(made?.text.includes('r***@welcome.example.org'));
    t.false(made?.text.includes(right));
    // Until then nobody else gets the old address.
    t.is((await operator.registerPerson({ body: personAt(old) })).status, 409);
    t.like(await follow(made, { notMine: true }), { status: 202, userId: id });
    t.is((await operator.registerPerson({ body: personAt(right) })).status, 201);
    await attempt(personAt(old));
    await assertMails(t, old, language, [...notices, 'already-registered']);
  });
}

/** The mail to an active account that an attempt on its address causes. */
async function joinActive(language: MailLanguage): Promise<TakenMail> {
  const email = mailboxOf('active');
  await joinByMail(email, language);
  await server.untilTaken(email, 2);
  await attempt(personAt(email));
  const [, , mail] = await server.untilTaken(email, 3);
  if (mail === undefined) throw new Error('there is no third mail');
  return mail;
}

test('a resend for an attempt gets its link again', async (t) => {
  const email = mailboxOf('again');
  const { id } = await attempt(personIn(email, 'en'));
  await server.untilTaken(email, 1);
  await anyone.resendVerification({ body: { email } });
  const mails = await server.untilTaken(email, 2);
  t.like(await follow(mails[1]), { status: 202, userId: id });
  await assertMails(t, email, 'en', ['confirm', 'confirm', 'welcome']);
});

test('nothing is mailed for what is proven, erased or disowned meanwhile', async (t) => {
  const [proven, erased, disowned, gone] = ['proven', 'erased', 'disowned', 'gone'].map(mailboxOf);
  if (!proven || !erased || !disowned || !gone) return t.fail();
  // Their first try fails, so the second one comes later.
  for (const mailbox of [proven, erased, disowned, gone]) server.plan(mailbox, 'later');
  const [one, two, three, four] = await Promise.all([
    register(personAt(proven)),
    register(personAt(erased)),
    register(personAt(disowned)),
    attempt(personAt(gone)),
  ]);
  for (const { id } of [one, two, three, four]) {
    await ledger.untilRows(id, ([row]) => row?.reason === 'rcpt 450 4.2.1');
  }
  await actors.prove(one.id, 'registered');
  t.is((await operator.eraseUser({ params: { id: two.id } })).status, 202);
  const token = await actors.tokenFor(three.id, 'registered');
  t.is((await anyone.verifyEmail({ body: { token, notMine: true } })).status, 202);
  t.is((await operator.eraseUser({ params: { id: four.id } })).status, 202);
  const reasonOf = async ({ id }: { readonly id: string }) => {
    const [row] = await ledger.untilRows(id, ([first]) => !first || isDone(first), RETRIED_MS);
    return row?.reason;
  };
  t.is(await reasonOf(one), 'proven-since');
  t.is(await reasonOf(two), 'erased');
  t.is(await reasonOf(three), 'address-disowned');
  t.is(await reasonOf(four), 'attempt-ended');
  await assertSubjects(t, proven, ['welcome']);
  for (const mailbox of [erased, disowned, gone]) t.is(server.mailsTo(mailbox).length, 0);
});

/** Asserts the subjects of a mailbox's mails. */
async function assertSubjects(t: ExecutionContext, mailbox: string, expected: readonly string[]) {
  const mails = await server.untilTaken(mailbox, expected.length);
  t.deepEqual(
    mails.map((mail) => subjectOf(mail, 'en')),
    expected,
  );
}

test('a mailbox that is refused for now gets its mail later, and in order', async (t) => {
  const email = mailboxOf('busy');
  server.plan(email, 'accept', 'later', 'accept');
  const id = await joinByMail(email);
  await ledger.untilRows(id, (rows) => rows[1]?.reason === 'rcpt 450 4.2.1');
  const to = mailboxOf('busy-new');
  await operator.changeEmail({ params: { id }, body: { email: to } });
  // The mail to the new mailbox does not wait for the old one.
  await server.untilTaken(to, 1);
  await server.untilTaken(email, 3, RETRIED_MS);
  await assertSubjects(t, email, ['confirm', 'welcome', 'change-notice']);
  const [, first = 0, second = 0] = server.deliveriesTo(email);
  t.log(`the second try came after ${((second - first) / 1_000).toFixed(1)} s`);
  t.true(second - first >= 9_900 && second - first < 25_000);
  const [, welcome] = await ledger.untilRows(id, (rows) => rows.every(isDone));
  t.like(welcome, { state: 'sent', tries: 2, repeats: 0 });
});

test('a mailbox that is refused for good is abandoned at once, and shown', async (t) => {
  const mailboxes = ['never', 'never-data'] as const;
  for (const behaviour of mailboxes) {
    const email = mailboxOf(behaviour);
    server.plan(email, behaviour);
    const { id } = await register(personAt(email));
    const [row] = await ledger.untilRows(id, (rows) => rows.length === 1 && rows.every(isDone));
    const reason = behaviour === 'never' ? 'rcpt 550 5.1.1' : 'final 554 5.7.1';
    t.like(row, { state: 'abandoned', kind: 'confirm-account', reason, tries: 1 });
    const shown = await operator.readMessages({ params: { id } });
    t.like(shown, { status: 200, body: { messages: [{ state: 'abandoned', reason }] } });
    t.false(JSON.stringify(shown.body).includes('@'));
    t.is(server.mailsTo(email).length, 0);
  }
});

test('addresses beyond ASCII: the host in Punycode, the local part refused', async (t) => {
  const name = randomUUID();
  const { id } = await register(personAt(`анна.${name}@welcome.example.org`));
  const [row] = await ledger.untilRows(id, (rows) => rows.length === 1 && rows.every(isDone));
  t.like(row, { state: 'abandoned', reason: 'smtputf8-missing' });
  await register(personAt(`anna.${name}@пример.example.org`));
  await server.untilTaken(`anna.${name}@xn--e1afmkfd.example.org`, 1);
  await register(personAt(`anna.${name}@نامه\u200cای.example.org`));
  await server.untilTaken(`anna.${name}@xn--mgba3gch31f060k.example.org`, 1);
  t.pass();
});

test('mailboxes that stall or break the connection keep nobody waiting', async (t) => {
  t.timeout(60_000);
  const stalled = Array.from({ length: 12 }, (_, n) => mailboxOf(`stall${n}`));
  for (const mailbox of stalled) server.plan(mailbox, 'stall', 'stall');
  const dropping = Array.from({ length: 6 }, (_, n) => mailboxOf(`drop${n}`));
  for (const mailbox of dropping) server.plan(mailbox, 'drop-before-dot');
  await Promise.all([...stalled, ...dropping].map((mailbox) => register(personAt(mailbox))));
  // All connections that mails have by themselves.
  const countStalled = () => stalled.filter((one) => server.deliveriesTo(one).length > 0).length;
  await waitUntil(() => countStalled() >= CONNECTIONS);
  const startedAt = performance.now();
  const others = Array.from({ length: 30 }, (_, n) => mailboxOf(`other${n}`));
  await Promise.all(others.map((mailbox) => register(personAt(mailbox))));
  for (const mailbox of others) await server.untilTaken(mailbox, 1, 10_000);
  t.is(countStalled(), stalled.length);
  t.log(`30 others had their mails after ${(performance.now() - startedAt).toFixed(0)} ms`);
  for (const mailbox of dropping) {
    t.is((await server.untilTaken(mailbox, 1, RETRIED_MS)).length, 1);
    t.is(server.deliveriesTo(mailbox).length, 2);
  }
});

test('a mail that may have been taken is repeated once, with the same Message-ID', async (t) => {
  const plans = {
    lost: ['drop-after-dot'],
    'lost twice': ['drop-after-dot', 'drop-after-dot'],
    taken: ['take-and-drop'],
    'taken twice': ['take-and-drop', 'take-and-drop', 'take-and-drop'],
    'taken and said so': ['accept-and-die'],
  } as const;
  const mails = { lost: 1, 'lost twice': 0, taken: 2, 'taken twice': 2, 'taken and said so': 1 };
  const names = Object.keys(plans) as (keyof typeof plans)[];
  await Promise.all(
    names.map(async (name) => {
      const email = mailboxOf(name.replaceAll(' ', '-'));
      server.plan(email, ...plans[name]);
      const { id } = await register(personAt(email));
      const [row] = await ledger.untilRows(id, (rows) => rows.length === 1 && rows.every(isDone));
      const isTwice = name.endsWith('twice');
      const isCertain = name === 'taken and said so';
      const state = isTwice ? 'unknown' : 'sent';
      t.like(row, { state, repeats: isCertain ? 0 : 1 }, name);
      if (isTwice) t.is(row?.reason, 'final-lost');
      const taken = server.mailsTo(email);
      t.is(taken.length, mails[name], name);
      t.true(new Set(taken.map(({ headers }) => headers.get('message-id'))).size <= 1);
    }),
  );
});

test('strangers cause three mails an hour, and then one that answers the rest', async (t) => {
  const email = mailboxOf('flooded');
  const attempts = await Promise.all(
    Array.from({ length: 10 }, () => attempt(personIn(email, 'en'))),
  );
  const statesNow = async () => {
    const rows = await Promise.all(attempts.map(({ id }) => ledger.rowsOf(id)));
    return rows.map(([row]) => row?.reason ?? row?.state ?? 'none');
  };
  const countOf = (states: readonly string[], wanted: string) =>
    states.filter((state) => state === wanted).length;
  await waitUntil(async () => {
    const states = await statesNow();
    return countOf(states, 'sent') === 3 && countOf(states, 'mailbox-budget') === 7;
  });
  t.is((await server.untilTaken(email, 3)).length, 3);
  // An hour later.
  await ledger.pool.query(
    `update mailer.messages set changed_at = changed_at - interval '2 hours',
       next_at = next_at - interval '2 hours'
     where mailbox = (select mailbox from mailer.messages where attempt_id = $1)`,
    [attempts[0]?.id],
  );
  const mails = await server.untilTaken(email, 4);
  await waitUntil(async () => countOf(await statesNow(), 'sent') === 4);
  const states = await statesNow();
  t.is(states.filter((state) => state.startsWith('merged-into-')).length, 6);
  t.regex(mails[3]?.text ?? '', /was entered 7 times within/);
  t.false(mails[3]?.text.includes('Анна'), 'the names were typed by strangers');
  const said = { displayName: 'Olga Owner', locale: 'ru', termsVersion: '2026-02' };
  const { userId = '' } = await follow(mails[3], said);
  t.true(attempts.some(({ id }) => id === userId));
  const [, , , , welcome] = await server.untilTaken(email, 5);
  t.is(welcome?.headers.get('subject'), SUBJECTS.ru.welcome);
  t.true(welcome?.text.includes('Olga Owner'));
});

test('a flood of strangers holds up no notice of an account', async (t) => {
  const email = mailboxOf('noticed');
  const id = await joinByMail(email);
  await server.untilTaken(email, 2);
  const attempts = await Promise.all(Array.from({ length: 6 }, () => attempt(personAt(email))));
  await waitUntil(async () => {
    const rows = (await Promise.all(attempts.map((one) => ledger.rowsOf(one.id)))).flat();
    return rows.filter(({ reason }) => reason === 'mailbox-budget').length === 4;
  });
  await server.untilTaken(email, 4);
  await operator.changeEmail({ params: { id }, body: { email: mailboxOf('elsewhere') } });
  const told = ['already-registered', 'already-registered'];
  await assertSubjects(t, email, ['confirm', 'welcome', ...told, 'change-notice']);
  t.is((await read(id, attempts[0]?.position ?? '')).status, 200);
});

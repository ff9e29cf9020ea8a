import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RegisterCommand } from '@zameni/contracts';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { type Chromium, findChromium, startChromium } from '../browser/chromium.ts';
import { openPage, type Page, type PageOptions } from '../browser/page.ts';
import { attachSystem } from '../support/system.ts';

const zameni = fileURLToPath(new URL('../../cli/bin/zameni.ts', import.meta.url));
const system = await attachSystem();
const actors = await createActors(system, 'verify-page');
const { anyone, operator, attempt, join, register, status } = actors;

/** Without a browser on the machine these tests are skipped. */
const path = findChromium(process.env);
const inBrowser = path === undefined ? test.serial.skip : test.serial;
let chromium: Chromium | undefined;

test.before(async () => {
  if (path !== undefined) chromium = await startChromium(path);
});
test.after.always(async () => {
  await chromium?.[Symbol.asyncDispose]();
  await actors[Symbol.asyncDispose]();
});

/** The link that a mail would carry, from `zameni link`. */
async function linkOf(...args: readonly string[]): Promise<string> {
  const argv = [zameni, 'link', '--profile', system.stack.profile, ...args];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  return stdout.trim();
}

/** Opens a page of the browser, which must report no fault by the end of the test. */
async function open(t: ExecutionContext, url: string, options?: PageOptions): Promise<Page> {
  if (chromium === undefined) throw new Error('there is no browser');
  const page = await openPage(chromium, options);
  t.teardown(() => page[Symbol.asyncDispose]());
  await page.open(url);
  return page;
}

/** The texts of a language. */
function textsOf(language: string): Readonly<Record<string, string>> {
  const folder = '../../query-api/src/verify-page/messages';
  return JSON.parse(readFileSync(new URL(`${folder}/${language}.json`, import.meta.url), 'utf8'));
}

const sentBy = ({ requests }: Page) =>
  requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, url }) => `${method} ${new URL(url).pathname}`);
const PREVIEW = 'POST /v1/email-verifications/preview';
const PROOF = 'POST /v1/email-verifications';

const someone = (): RegisterCommand => personAt(`page.${randomUUID()}@example.org`);
const isRegistered = (id: string, position: string) =>
  waitUntil(async () => (await status(id, position)) === 'registered');

/** What an operator reads of a person. */
async function readPerson(id: string) {
  const answer = await operator.readUser({ params: { id } });
  return answer.status === 200 ? answer.body : undefined;
}

/** Requests another address for a person. */
async function want(id: string): Promise<string> {
  const { email } = someone();
  const answer = await operator.changeEmail({ params: { id }, body: { email } });
  if (answer.status !== 202) throw new Error(answer.code);
  return email;
}

for (const lang of ['en', 'ru']) {
  const text = textsOf(lang);
  const shows = (page: Page, name: string) => page.shows(text[name] ?? name);

  inBrowser(`opening a link proves nothing, the button registers (${lang})`, async (t) => {
    const body = someone();
    const { id, position } = await attempt(body);
    const link = await linkOf(id);
    const page = await open(t, `${link}&lang=${lang}`);
    await shows(page, 'registrationTitle');
    await page.shows(body.email);
    t.is(await page.evaluate('document.documentElement.lang'), lang);
    t.is(await page.evaluate('document.querySelector("#name").value'), body.displayName);
    t.is(await page.evaluate('location.href'), `${system.gatewayUrl}/verify`);
    t.deepEqual(sentBy(page), [PREVIEW]);
    t.is(await status(id, position), 'awaiting-proof');
    await page.click('#confirm');
    await shows(page, 'termsFault');
    t.deepEqual(sentBy(page), [PREVIEW]);
    await page.write('#name', 'Вера Ёлкина');
    await page.click('#terms');
    await page.click('#confirm');
    await shows(page, 'registrationDone');
    t.deepEqual(sentBy(page), [PREVIEW, PROOF]);
    await isRegistered(id, position);
    t.like(await readPerson(id), { displayName: 'Вера Ёлкина', emailVerified: true });
    t.deepEqual(page.faults, []);
    const again = await open(t, `${link}&lang=${lang}`);
    await shows(again, 'againTitle');
    t.is(await again.evaluate('document.querySelector("#confirm")'), null);
  });

  inBrowser(`“this was not me” deletes a registration in two steps (${lang})`, async (t) => {
    const { id, position } = await attempt(someone());
    const link = await linkOf(id);
    const page = await open(t, `${link}&lang=${lang}`);
    await shows(page, 'registrationTitle');
    await page.click('#not-me');
    await shows(page, 'registrationSure');
    t.deepEqual(sentBy(page), [PREVIEW]);
    await page.click('#back');
    await shows(page, 'registrationTitle');
    await page.click('#not-me');
    await page.click('#sure');
    await shows(page, 'registrationGone');
    await waitUntil(async () => (await status(id, position)) === undefined);
    const refused = await t.throwsAsync<Error & { stdout: string }>(linkOf(id, '--json'));
    t.is(JSON.parse(refused?.stdout ?? '').error.code, 'attempt-disowned');
    t.deepEqual(page.faults, []);
  });

  inBrowser(`the old mailbox stops a change of address (${lang})`, async (t) => {
    const body = someone();
    const { id } = await join(body);
    await want(id);
    const change = await linkOf(id);
    const link = await linkOf(id, '--undo');
    const page = await open(t, `${link}&lang=${lang}`);
    await shows(page, 'undoTitle');
    await page.shows(body.email);
    t.deepEqual(sentBy(page), [PREVIEW]);
    await page.click('#confirm');
    await shows(page, 'undoGone');
    const again = await open(t, `${link}&lang=${lang}`);
    await shows(again, 'undoAgainTitle');
    const late = await open(t, `${change}&lang=${lang}`);
    await shows(late, 'invalidTitle');
    t.is((await readPerson(id))?.email, body.email);
    t.deepEqual([...page.faults, ...again.faults, ...late.faults], []);
  });

  inBrowser(`a broken link and a page without a link say what to do (${lang})`, async (t) => {
    const link = await linkOf((await attempt(someone())).id);
    const broken = await open(t, `${link.slice(0, -3)}&lang=${lang}`);
    await shows(broken, 'invalidText');
    const languages = lang === 'ru' ? 'sr-Latn-RS,ru-RU,en' : 'sr-Latn-RS';
    const empty = await open(t, `${system.gatewayUrl}/verify`, { languages });
    await shows(empty, 'missingText');
    t.deepEqual(sentBy(empty), []);
  });
}

const english = textsOf('en');
const shows = (page: Page, name: string) => page.shows(english[name] ?? name);

inBrowser('an undo takes back a change that is made', async (t) => {
  const body = someone();
  const { id } = await join(body);
  const email = await want(id);
  const link = await linkOf(id, '--undo');
  const page = await open(t, await linkOf(id));
  await shows(page, 'changeTitle');
  await page.shows(email);
  await page.click('#confirm');
  await shows(page, 'changeDone');
  const made = await open(t, link);
  await shows(made, 'undoTitle');
  t.false(String(await made.evaluate('document.body.innerText')).includes(email));
  await made.click('#confirm');
  await shows(made, 'undoGone');
  await waitUntil(async () => (await readPerson(id))?.email === body.email);
  await shows(await open(t, link), 'undoAgainTitle');
});

inBrowser(
  'an unproven account is confirmed, or loses the address, as the prover says',
  async (t) => {
    const body = someone();
    const holder = await register({ ...body, displayName: 'Vera Vouched' });
    const first = await attempt(body);
    const second = await attempt(body);
    const page = await open(t, await linkOf(first.id, '--own'));
    await shows(page, 'holderQuestion');
    await page.click('#confirm');
    await shows(page, 'holderFault');
    t.deepEqual(sentBy(page), [PREVIEW]);
    await page.click('#holder-not-mine');
    await page.click('#holder');
    t.is(await page.evaluate('document.querySelector("#name")'), null);
    await page.click('#confirm');
    await shows(page, 'accountDone');
    await waitUntil(async () => (await readPerson(holder.id))?.emailVerified === true);
    const taken = await open(t, await linkOf(second.id, '--own'));
    await shows(taken, 'registrationProvenTitle');
    t.is(await taken.evaluate('document.querySelector("#confirm")'), null);
    const other = someone();
    const loser = await register(other);
    const { id, position } = await attempt(other);
    const choosing = await open(t, await linkOf(id, '--own'));
    await shows(choosing, 'holderQuestion');
    await choosing.click('#holder-not-mine');
    await choosing.click('#terms');
    await choosing.click('#confirm');
    await shows(choosing, 'registrationDone');
    await isRegistered(id, position);
    await waitUntil(async () => (await readPerson(loser.id))?.status === 'deactivated');
    t.deepEqual([...page.faults, ...choosing.faults], []);
  },
);

inBrowser('the mail about an unproven account leads to that account', async (t) => {
  const body = someone();
  const holder = await register({ ...body, displayName: 'Vera Vouched' });
  const { id } = await attempt(body);
  const page = await open(t, await linkOf(id));
  await shows(page, 'accountTitle');
  await page.shows('Vera Vouched');
  await page.click('#not-me');
  await page.click('#sure');
  await shows(page, 'accountGone');
  await waitUntil(async () => (await readPerson(holder.id))?.status === 'deactivated');
  t.deepEqual(page.faults, []);
});

inBrowser('what was entered survives a lost connection', async (t) => {
  const { id, position } = await attempt(someone());
  const page = await open(t, await linkOf(id));
  await shows(page, 'registrationTitle');
  await page.write('#name', 'Vera Tunnel');
  await page.click('#terms');
  await page.setOffline(true);
  await page.click('#confirm');
  await shows(page, 'away');
  await page.setOffline(false);
  await page.click('#confirm');
  await shows(page, 'registrationDone');
  await isRegistered(id, position);
  t.is((await readPerson(id))?.displayName, 'Vera Tunnel');
});

inBrowser('everything can be done by keyboard, and the focus follows', async (t) => {
  const { id, position } = await attempt(someone());
  const page = await open(t, await linkOf(id), { width: 360, height: 740 });
  await shows(page, 'registrationTitle');
  const focused = () => page.evaluate('document.activeElement.id');
  t.is(await focused(), 'title');
  const order: unknown[] = [];
  for (let n = 0; n < 4; n += 1) {
    await page.press('Tab');
    order.push(await focused());
    if (n === 1) await page.press(' ');
  }
  t.deepEqual(order, ['name', 'terms', 'confirm', 'not-me']);
  await page.evaluate('document.querySelector("#name").focus()');
  await page.press('Enter');
  await shows(page, 'registrationDone');
  t.is(await focused(), 'title');
  await isRegistered(id, position);
});

inBrowser('a language can be chosen, and a second link opened in the same page', async (t) => {
  const [first, second] = [await attempt(someone()), someone()];
  const page = await open(t, `${await linkOf(first.id)}&lang=en`);
  await shows(page, 'registrationTitle');
  await page.write('#name', 'Vera Kept');
  await page.evaluate(`(() => {
    const select = document.querySelector('#language');
    select.value = 'ru';
    select.dispatchEvent(new Event('change'));
  })()`);
  await page.shows(textsOf('ru')['registrationTitle'] ?? '');
  t.is(await page.evaluate('document.querySelector("#name").value'), 'Vera Kept');
  await page.open(await linkOf((await attempt(second)).id));
  await page.shows(second.email);
  t.is(await page.evaluate('document.querySelector("#name").value'), second.displayName);
  t.is(await page.evaluate('location.hash'), '');
});

test('the preview of a link that is not one of ours is refused', async (t) => {
  const answer = await anyone.previewVerification({ body: { token: 'x' } });
  t.is('code' in answer ? answer.code : answer.status, 'invalid-verification-token');
});

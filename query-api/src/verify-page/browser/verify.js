import { preview as askPreview, verify } from './api.js';
import { describe } from './describe.js';
import { find, findSelect } from './dom.js';
import { draw } from './draw.js';
import { faultsOf, saidBy } from './said.js';
import { chooseLanguage, useLanguage } from './text.js';

/** @typedef {import('./messages.js').Message} Message */
/** @typedef {import('./api.js').Preview} Preview */
/** @typedef {Exclude<import('./api.js').Answer, { outcome: 'done' }>} Failure */
/** @typedef {import('./form.js').Draft} Draft */

/** @type {Omit<import('./draw.js').Page, 'draft'>} */
let state = {
  view: { screen: 'checking' },
  isBusy: false,
  alert: null,
  faults: [],
};

/** What the prover has entered. It outlives every failure.
 *
 * @type {Draft} */
let draft = { displayName: '', hasTerms: false, holder: null };

/** The token of the link. It is kept nowhere else. */
let token = '';

/** Counts the links that were opened in this page. The answer for an older one is dropped. */
let run = 0;

/** Takes the token from the address bar, and removes it there and from the history. */
async function open() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, '', location.pathname);
  token = fragment.get('token') ?? '';
  draft = { displayName: '', hasTerms: false, holder: null };
  run += 1;
  const mine = run;
  await useLanguage(chooseLanguage([fragment.get('lang') ?? '', ...navigator.languages]));
  if (mine !== run) return;
  update({ view: { screen: 'checking' }, faults: [], alert: null, isBusy: false });
  if (token === '') end('missingTitle', 'missingText');
  else void check();
}

/**
 * Asks what the link is for. `message` is shown with the form.
 *
 * @param {Message} [message]
 */
async function check(message) {
  const { view } = state;
  if (view.screen === 'failed') update({ view: { screen: 'checking' } });
  const answer = await wait(askPreview(token));
  if (answer === undefined) return;
  if (answer.outcome !== 'done') {
    if (view.screen === 'checking' || view.screen === 'failed') {
      update({ view: { screen: 'failed' } });
    }
    return fail(answer);
  }
  const preview = answer.body;
  if (view.screen !== 'form') draft = { ...draft, displayName: preview.displayName ?? '' };
  update({ view: { screen: 'form', preview }, alert: message ? { message, seconds: 0 } : null });
}

/**
 * Waits for an answer. Undefined if another link was opened meanwhile.
 *
 * @param {Promise<import('./api.js').Answer>} asked
 */
async function wait(asked) {
  const mine = run;
  update({ isBusy: true, alert: null, faults: [] });
  const answer = await asked;
  if (mine !== run) return undefined;
  update({ isBusy: false });
  return answer;
}

/** Proves the mailbox: the only thing that the form's button does.
 *
 * @param {Preview} preview */
async function confirm(preview) {
  const filled = { preview, description: describe(preview), draft };
  const faults = faultsOf(filled);
  const [first] = faults;
  if (first !== undefined) {
    update({ faults });
    return find(first.field).focus();
  }
  const isOfHolder = filled.description.isRegistration && draft.holder === 'confirm';
  const done = isOfHolder ? 'accountDone' : filled.description.done;
  return send(saidBy(filled), done);
}

/**
 * Uses the token, and shows what came of it.
 *
 * @param {object} said
 * @param {Message} done
 */
async function send(said, done) {
  const answer = await wait(verify(token, said));
  if (answer === undefined) return;
  if (answer.outcome === 'done') end('doneTitle', done);
  else fail(answer);
}

/** @param {Failure} failure */
function fail(failure) {
  const code = failure.outcome === 'problem' ? failure.code : failure.outcome;
  const { view } = state;
  const isUndo = 'preview' in view && view.preview.kind === 'undo-change';
  switch (code) {
    case 'invalid-verification-token':
      return end('invalidTitle', 'invalidText');
    case 'address-taken':
      return isUndo ? end('undoLateTitle', 'undoLateText') : end('takenTitle', 'takenText');
    case 'user-deactivated':
      return end('deactivatedTitle', 'deactivatedText');
    case 'address-unproven':
      return void check('changedFault');
    case 'invalid-request':
      return refuse(failure.outcome === 'problem' ? failure.pointers : []);
    case 'rate-limited':
      return warn('limited', failure.outcome === 'problem' ? failure.waitSeconds : 0);
    case 'away':
      return warn('away');
    default:
      return warn('busy');
  }
}

/** @param {readonly string[]} pointers */
function refuse(pointers) {
  if (pointers.includes('/token')) return end('invalidTitle', 'invalidText');
  if (pointers.includes('/displayName')) {
    update({ faults: [{ field: 'name', message: 'nameFault' }] });
    return find('name').focus();
  }
  // The other account has the address no longer, or has it by now.
  if (pointers.includes('/holder')) return void check('changedFault');
  return warn('refused');
}

/**
 * @param {Message} message
 * @param {number} [seconds]
 */
function warn(message, seconds = 0) {
  update({ alert: { message, seconds } });
}

/**
 * @param {Message} title
 * @param {Message} text
 */
function end(title, text) {
  token = '';
  update({ view: { screen: 'end', title, text } });
}

/** @param {Partial<typeof state>} changes */
function update(changes) {
  const before = state.view.screen;
  state = { ...state, ...changes };
  draw({ ...state, draft }, actions, state.view.screen !== before);
}

/** @type {import('./draw.js').Actions} */
const actions = {
  again: () => void check(),
  confirm: (preview) => void confirm(preview),
  notMe: (preview) => update({ view: { screen: 'sure', preview }, alert: null, faults: [] }),
  back: (preview) => update({ view: { screen: 'form', preview }, alert: null }),
  sure: (notMe) => void send({ notMine: true }, notMe.gone),
  write: (change) => {
    draft = { ...draft, ...change };
    // Other fields are accepted with another answer.
    if ('holder' in change) update({});
  },
};

const select = findSelect('language');
select.addEventListener('change', () => {
  void useLanguage(select.value).then(() => update({}));
});
addEventListener('hashchange', () => void open());
void open();

/** @typedef {import('./messages.js').Message} Message */
/** @typedef {import('./api.js').Preview} Preview */

/**
 * What the page shows for a link: texts, what the prover may or must say, and the buttons. A button
 * that is not offered is null.
 *
 * @typedef {{
 *   readonly title: Message,
 *   readonly text: Message,
 *   readonly asks: 'choice' | 'release' | null,
 *   readonly isRegistration: boolean,
 *   readonly confirm: Message | null,
 *   readonly notMe: { readonly button: Message, readonly sure: Message, readonly gone: Message } | null,
 *   readonly done: Message,
 * }} Description
 */

/** The texts of each kind of link by which a mailbox is proven. */
const KINDS = /** @type {const} */ ({
  registration: {
    title: 'registrationTitle',
    text: 'registrationText',
    done: 'registrationDone',
    notMe: { button: 'registrationNotMe', sure: 'registrationSure', gone: 'registrationGone' },
    taken: { title: 'registrationProvenTitle', text: 'registrationProvenText' },
  },
  account: {
    title: 'accountTitle',
    text: 'accountText',
    done: 'accountDone',
    notMe: { button: 'accountNotMe', sure: 'accountSure', gone: 'accountGone' },
    taken: { title: 'takenTitle', text: 'takenText' },
  },
  'email-change': {
    title: 'changeTitle',
    text: 'changeText',
    done: 'changeDone',
    notMe: { button: 'changeNotMe', sure: 'changeSure', gone: 'changeGone' },
    taken: { title: 'changeProvenTitle', text: 'changeProvenText' },
  },
});

/**
 * Describes the page of a link.
 *
 * @param {Preview} preview
 * @returns {Description}
 */
export function describe({ kind, state, holder }) {
  if (kind === 'undo-change') return describeUndo(state);
  const { title, text, done, notMe, taken } = KINDS[kind];
  const shown = { isRegistration: false, asks: null, confirm: null, notMe, done };
  if (state === 'done') return { ...shown, title: 'againTitle', text: 'againText', notMe: null };
  if (state === 'deactivated') {
    return { ...shown, title: 'deactivatedTitle', text: 'deactivatedText' };
  }
  if (holder === 'proven') return { ...shown, ...taken };
  const isRegistration = kind === 'registration';
  const asks = holder === 'none' ? null : isRegistration ? 'choice' : 'release';
  return { ...shown, title, text, isRegistration, asks, confirm: 'confirm' };
}

/**
 * @param {Preview['state']} state
 * @returns {Description}
 */
function describeUndo(state) {
  const shown = /** @type {const} */ ({
    isRegistration: false,
    asks: null,
    confirm: null,
    notMe: null,
    done: 'undoGone',
  });
  if (state === 'done') return { ...shown, title: 'undoAgainTitle', text: 'undoAgainText' };
  if (state === 'too-late') return { ...shown, title: 'undoLateTitle', text: 'undoLateText' };
  return { ...shown, title: 'undoTitle', text: 'undoText', confirm: 'undoConfirm' };
}

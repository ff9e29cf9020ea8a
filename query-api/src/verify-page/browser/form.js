import { button, element } from './dom.js';
import { text, timeText } from './text.js';

/** @typedef {import('./messages.js').Message} Message */
/** @typedef {import('./api.js').Preview} Preview */
/** @typedef {import('./describe.js').Description} Description */

/**
 * What the prover has entered.
 *
 * @typedef {{
 *   readonly displayName: string,
 *   readonly hasTerms: boolean,
 *   readonly holder: 'confirm' | 'not-mine' | null,
 * }} Draft
 */

/**
 * A field that is not as it must be.
 *
 * @typedef {{ readonly field: 'name' | 'terms' | 'holder', readonly message: Message }} Fault
 */

/**
 * @typedef {{
 *   readonly preview: Preview,
 *   readonly description: Description,
 *   readonly draft: Draft,
 *   readonly faults: readonly Fault[],
 *   readonly isBusy: boolean,
 *   readonly write: (change: Partial<Draft>) => void,
 *   readonly confirm: () => void,
 *   readonly notMe: () => void,
 * }} FormOptions
 */

/**
 * Creates the form of a link: the facts, the fields that its proof accepts, and the buttons.
 *
 * @param {FormOptions} options
 */
export function createForm(options) {
  const { description, isBusy, confirm, notMe } = options;
  const { asks, confirm: label, notMe: refusal } = description;
  const form = element(
    'form',
    { novalidate: true },
    createFacts(options),
    asks === 'choice' ? createChoice(options) : null,
    asks === 'release' ? createRelease(options) : null,
    ...(takesData(options) ? [createName(options), createTerms(options)] : []),
  );
  const buttons = element('div', { class: 'buttons' });
  if (label !== null) {
    const attributes = { id: 'confirm', class: 'main', 'aria-disabled': isBusy && 'true' };
    buttons.append(element('button', attributes, text(label)));
  }
  if (refusal !== null) {
    const label = text(refusal.button);
    buttons.append(button({ id: 'not-me', label, isBusy, press: notMe }));
  }
  if (buttons.hasChildNodes()) form.append(buttons);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!isBusy && label !== null) confirm();
  });
  return form;
}

/**
 * Whether the prover's own data is accepted: only if a new account is made.
 *
 * @param {Pick<FormOptions, 'description' | 'draft'>} options
 */
export function takesData({ description, draft }) {
  const { isRegistration, asks } = description;
  return isRegistration && (asks !== 'choice' || draft.holder === 'not-mine');
}

/** @param {FormOptions} options */
function createFacts(options) {
  const { kind, state, email, displayName, requestedAt, registeredAt } = options.preview;
  // The name of a registration is the prover's to set. It is not that of an account.
  const name = kind === 'registration' && state === 'open' ? undefined : displayName;
  const time = requestedAt ?? registeredAt;
  /** @type {readonly (readonly [Message, string | undefined])[]} */
  const facts = [
    ['address', email],
    ['name', name],
    [requestedAt === undefined ? 'createdAt' : 'askedAt', time && timeText(time)],
  ];
  const list = element('dl', {});
  for (const [label, value] of facts) {
    if (value === undefined) continue;
    // The direction of an address or a name does not depend on the language of the page.
    const shown = element('dd', {}, element('bdi', {}, value));
    list.append(element('div', {}, element('dt', {}, text(label)), shown));
  }
  return list.childElementCount === 0 ? null : list;
}

/** @param {FormOptions} options */
function createName(options) {
  const { draft, write } = options;
  const input = element('input', {
    id: 'name',
    type: 'text',
    maxlength: '200',
    autocomplete: 'name',
    dir: 'auto',
    required: true,
    ...faultAttributes(options, 'name'),
  });
  input.value = draft.displayName;
  input.addEventListener('input', () => write({ displayName: input.value }));
  const label = element('label', { for: 'name' }, text('name'));
  return element('div', { class: 'field' }, label, input, createFault(options, 'name'));
}

/** @param {FormOptions} options */
function createTerms(options) {
  const { preview, draft, write } = options;
  // A version must not break at its hyphen.
  const version = (preview.termsVersion ?? '').replace(/-/g, '\u2011');
  const label = text('terms', { version });
  const option = createOption(
    { id: 'terms', type: 'checkbox', ...faultAttributes(options, 'terms') },
    { label, isOn: draft.hasTerms, turn: (hasTerms) => write({ hasTerms }) },
  );
  return element('div', { class: 'field' }, option, createFault(options, 'terms'));
}

/** @param {FormOptions} options */
function createChoice(options) {
  const { draft, write } = options;
  const choices = /** @type {const} */ ([
    ['confirm', 'holderConfirm', 'holderConfirmHint'],
    ['not-mine', 'holderNotMine', 'holderNotMineHint'],
  ]);
  const radios = choices.map(([holder, label, hint], index) =>
    createOption(
      {
        // The first one gets the focus when no answer is chosen.
        id: index === 0 ? 'holder' : `holder-${holder}`,
        type: 'radio',
        name: 'holder',
        ...faultAttributes(options, 'holder'),
      },
      {
        label: text(label),
        hint: text(hint),
        isOn: draft.holder === holder,
        turn: () => write({ holder }),
      },
    ),
  );
  const legend = element('legend', {}, text('holderQuestion'));
  return element('fieldset', {}, legend, ...radios, createFault(options, 'holder'));
}

/**
 * A change cannot be proven by confirming the other account, so there is one answer.
 *
 * @param {FormOptions} options
 */
function createRelease(options) {
  const { draft, write } = options;
  const option = createOption(
    { id: 'holder', type: 'checkbox', ...faultAttributes(options, 'holder') },
    {
      label: text('changeHolder'),
      isOn: draft.holder === 'not-mine',
      turn: (isOn) => write({ holder: isOn ? 'not-mine' : null }),
    },
  );
  return element('div', { class: 'field' }, option, createFault(options, 'holder'));
}

/**
 * Creates a checkbox or a radio button with its label.
 *
 * @param {Readonly<Record<string, string | undefined>> & { readonly id: string }} attributes
 * @param {{ readonly label: string, readonly hint?: string, readonly isOn: boolean,
 *   readonly turn: (isOn: boolean) => void }} options
 */
function createOption(attributes, { label, hint, isOn, turn }) {
  const input = element('input', attributes);
  input.checked = isOn;
  input.addEventListener('change', () => turn(input.checked));
  const shown = hint === undefined ? null : element('span', { class: 'hint' }, hint);
  const labelled = element('label', { for: attributes.id }, label, shown);
  return element('div', { class: 'choice' }, input, labelled);
}

/**
 * @param {FormOptions} options
 * @param {Fault['field']} field
 */
function faultAttributes({ faults }, field) {
  const isFaulty = faults.some((fault) => fault.field === field);
  return isFaulty ? { 'aria-invalid': 'true', 'aria-describedby': `${field}-fault` } : {};
}

/**
 * @param {FormOptions} options
 * @param {Fault['field']} field
 */
function createFault({ faults }, field) {
  const fault = faults.find((each) => each.field === field);
  if (fault === undefined) return null;
  return element('p', { class: 'fault', id: `${field}-fault` }, text(fault.message));
}

import { describe } from './describe.js';
import { button, element, find } from './dom.js';
import { createForm } from './form.js';
import { text } from './text.js';

/** @typedef {import('./messages.js').Message} Message */
/** @typedef {import('./api.js').Preview} Preview */
/** @typedef {import('./form.js').Draft} Draft */

/**
 * A screen. `checking` until the preview of the token is there, `failed` if it could not be had,
 * `form` to confirm, `sure` after "this was not me", `end` when nothing is left to do.
 *
 * @typedef {{ readonly screen: 'checking' }
 *   | { readonly screen: 'failed' }
 *   | { readonly screen: 'form' | 'sure', readonly preview: Preview }
 *   | { readonly screen: 'end', readonly title: Message, readonly text: Message }} View
 */

/**
 * Everything that the page shows.
 *
 * @typedef {{
 *   readonly view: View,
 *   readonly isBusy: boolean,
 *   readonly alert: { readonly message: Message, readonly seconds: number } | null,
 *   readonly faults: readonly import('./form.js').Fault[],
 *   readonly draft: Draft,
 * }} Page
 */

/**
 * What the buttons and fields do.
 *
 * @typedef {{
 *   readonly again: () => void,
 *   readonly confirm: (preview: Preview) => void,
 *   readonly notMe: (preview: Preview) => void,
 *   readonly back: (preview: Preview) => void,
 *   readonly sure: (notMe: { readonly gone: Message }) => void,
 *   readonly write: (change: Partial<Draft>) => void,
 * }} Actions
 */

/**
 * Draws the page. The focus stays where it was, or goes to the title of a new screen.
 *
 * @param {Page} page
 * @param {Actions} actions
 * @param {boolean} isNew
 */
export function draw(page, actions, isNew) {
  const { view, isBusy, alert } = page;
  const focused = document.activeElement?.id ?? '';
  const { title, content } = contentOf(page, actions);
  document.title = text(title);
  const heading = element('h1', { id: 'title', tabindex: '-1' }, text(title));
  find('main').replaceChildren(heading, ...content);
  // The title says already that the link is being checked.
  const isSending = isBusy && view.screen !== 'checking';
  find('status').textContent = isSending ? text('sending') : '';
  const { message = null, seconds = 0 } = alert ?? {};
  find('alert').textContent = message === null ? '' : text(message, { seconds });
  if (isNew) heading.focus();
  else document.getElementById(focused)?.focus();
}

/**
 * @param {Page} page
 * @param {Actions} actions
 * @returns {{ readonly title: Message, readonly content: readonly Node[] }}
 */
function contentOf(page, actions) {
  const { view } = page;
  switch (view.screen) {
    case 'checking':
      return { title: 'checking', content: [] };
    case 'failed': {
      const options = { id: 'again', look: 'main', press: actions.again };
      return { title: 'failedTitle', content: [createButton(page, 'again', options)] };
    }
    case 'end':
      return { title: view.title, content: [createParagraph(view.text)] };
    case 'sure':
      return { title: 'sureTitle', content: createSure(page, view.preview, actions) };
    case 'form': {
      const { preview } = view;
      const description = describe(preview);
      const form = createForm({
        ...page,
        preview,
        description,
        write: actions.write,
        confirm: () => actions.confirm(preview),
        notMe: () => actions.notMe(preview),
      });
      const content = [createParagraph(description.text), form];
      return { title: description.title, content };
    }
    default:
      return view;
  }
}

/**
 * Creates the second step of "this was not me".
 *
 * @param {Page} page
 * @param {Preview} preview
 * @param {Actions} actions
 */
function createSure(page, preview, actions) {
  const { notMe } = describe(preview);
  if (notMe === null) return [];
  const sure = { id: 'sure', look: 'danger', press: () => actions.sure(notMe) };
  const back = { id: 'back', look: '', press: () => actions.back(preview) };
  const buttons = [createButton(page, 'sure', sure), createButton(page, 'back', back)];
  const row = element('div', { class: 'buttons' }, ...buttons);
  return [createParagraph(notMe.sure), row];
}

/**
 * @param {Page} page
 * @param {Message} message
 * @param {{ readonly id: string, readonly look: string, readonly press: () => void }} options
 */
function createButton({ isBusy }, message, options) {
  return button({ ...options, label: text(message), isBusy });
}

/** @param {Message} message */
function createParagraph(message) {
  return element('p', {}, text(message));
}

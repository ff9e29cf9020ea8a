import { findSelect } from './dom.js';

/** @typedef {import('./messages.js').Message} Message */
/** @typedef {import('./messages.js').Messages} Messages */

/** The language of people for whom there are no messages. */
const FALLBACK = 'en';

/** Milliseconds between two tries to load messages. */
const RETRY_MS = 2_000;

let language = FALLBACK;

/** @type {Partial<Messages>} */
let messages = {};

/**
 * Chooses the first wanted language that the page offers, by its tag or by its main part.
 *
 * @param {readonly string[]} wanted
 */
export function chooseLanguage(wanted) {
  const offered = [...findSelect('language').options].map(({ value }) => value);
  const tags = wanted.flatMap((tag) => [tag, tag.split('-')[0]]).map((tag) => tag?.toLowerCase());
  const found = tags.map((tag) => offered.find((each) => each.toLowerCase() === tag));
  return found.find((tag) => tag !== undefined) ?? FALLBACK;
}

/**
 * Loads the messages of a language and uses them from now on. Tries until they are there: the page
 * has lost the link by then, so the person could not load it again.
 *
 * @param {string} tag
 */
export async function useLanguage(tag) {
  /** @type {Messages | undefined} */
  let loaded;
  while (loaded === undefined) {
    try {
      const response = await fetch(`/verify/messages-${tag}.json`);
      if (response.ok) loaded = await response.json();
    } catch {
      // No connection yet.
    }
    if (loaded === undefined) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  language = tag;
  messages = loaded;
  const root = document.documentElement;
  root.lang = tag;
  root.dir = text('direction');
  const select = findSelect('language');
  select.value = tag;
  select.setAttribute('aria-label', text('chooseLanguage'));
  select.hidden = select.length < 2;
}

/**
 * Returns a text, with values in place of `{names}`.
 *
 * @param {Message} name
 * @param {Readonly<Record<string, string | number>>} [values]
 */
export function text(name, values = {}) {
  return (messages[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ''));
}

/**
 * Returns an instant as people of the language write it, in their own time zone.
 *
 * @param {string} instant
 */
export function timeText(instant) {
  const options = /** @type {const} */ ({ dateStyle: 'long', timeStyle: 'short' });
  return new Intl.DateTimeFormat(language, options).format(new Date(instant));
}

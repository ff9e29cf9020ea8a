/** @typedef {string | Node | null} Child */

/**
 * Creates an element. Texts become text nodes, so nothing that people wrote is read as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | boolean | undefined>>} attributes
 * @param {readonly Child[]} children
 */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children) if (child !== null) made.append(child);
  return made;
}

/**
 * Creates a button that calls a function. While a request is under way it keeps the focus and does
 * nothing.
 *
 * @param {{ readonly id: string, readonly label: string, readonly look?: string,
 *   readonly isBusy?: boolean, readonly press: () => void }} options
 */
export function button({ id, label, look, isBusy = false, press }) {
  const attributes = { id, type: 'button', class: look, 'aria-disabled': isBusy && 'true' };
  const made = element('button', attributes, label);
  if (!isBusy) made.addEventListener('click', press);
  return made;
}

/**
 * Returns an element of the page by its id.
 *
 * @param {string} id
 */
export function find(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

/**
 * Returns a select of the page by its id.
 *
 * @param {string} id
 */
export function findSelect(id) {
  const found = find(id);
  if (!(found instanceof HTMLSelectElement)) throw new TypeError(`${id} is no select`);
  return found;
}

import { takesData } from './form.js';

/** @typedef {import('./api.js').Preview} Preview */
/** @typedef {import('./describe.js').Description} Description */
/** @typedef {import('./form.js').Draft} Draft */
/** @typedef {import('./form.js').Fault} Fault */

/** @typedef {{ readonly preview: Preview, readonly description: Description, readonly draft: Draft }} Filled */

/**
 * Returns the fields that the prover has to mend before anything is sent.
 *
 * @param {Filled} filled
 * @returns {Fault[]}
 */
export function faultsOf(filled) {
  const { description, draft } = filled;
  /** @type {Fault[]} */
  const faults = [];
  if (description.asks !== null && draft.holder === null) {
    faults.push({ field: 'holder', message: 'holderFault' });
  }
  if (!takesData(filled)) return faults;
  if (draft.displayName.trim() === '') faults.push({ field: 'name', message: 'nameFault' });
  if (!draft.hasTerms) faults.push({ field: 'terms', message: 'termsFault' });
  return faults;
}

/**
 * Returns what is sent beside the token when the prover confirms.
 *
 * @param {Filled} filled
 */
export function saidBy(filled) {
  const { preview, description, draft } = filled;
  const notMine = preview.mustSupply.includes('notMine') ? { notMine: true } : {};
  const holder = description.asks === null ? {} : { holder: draft.holder };
  if (!takesData(filled)) return { ...notMine, ...holder };
  const { termsVersion } = preview;
  return { ...holder, displayName: draft.displayName, ...(termsVersion && { termsVersion }) };
}

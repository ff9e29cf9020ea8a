/**
 * Other (control, format, unassigned, private, lone surrogates), line and paragraph separators,
 * characters without a glyph, and the replacement character, which stands for undecodable bytes.
 */
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFFD]/u;

/**
 * Joiners and variation selectors between visible characters. Persian and Indic names and many
 * emoji need them (UAX 31 section 2.3), and there they cannot hide their neighbours.
 */
const innerJoiner = /(?<=[\p{L}\p{M}\p{Emoji}])(?:\u200C|\u200D|\p{Variation_Selector})+/gu;

/** Whether a text contains a control or invisible character. */
export function hasInvisibleCharacter(text: string): boolean {
  return invisible.test(text);
}

/** The same for names, in which joiners may follow letters and emoji. */
export function hasInvisibleCharacterInName(name: string): boolean {
  return invisible.test(name.replace(innerJoiner, ''));
}

/** The same for longer texts, which may also contain line breaks and tabs. */
export function hasInvisibleCharacterInText(text: string): boolean {
  return hasInvisibleCharacterInName(text.replace(/[\n\r\t]/g, ' '));
}

/**
 * Other (control, format, unassigned, private, lone surrogates), separators of lines, characters
 * without a glyph, and the replacement character, which stands for what could not be decoded.
 */
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFFD]/u;

/**
 * Joiners and variation selectors between visible characters: Persian and Indic names and many
 * emoji need them (UAX 31 section 2.3), and they cannot hide there what stands beside them.
 */
const innerJoiner = /(?<=[\p{L}\p{M}\p{Emoji}])(?:\u200C|\u200D|\p{Variation_Selector})+/gu;

/** Whether a text holds a control or invisible character. */
export function hasInvisibleCharacter(text: string): boolean {
  return invisible.test(text);
}

/** The same for names, in which joiners may stand behind letters and emoji. */
export function hasInvisibleCharacterInName(name: string): boolean {
  return invisible.test(name.replace(innerJoiner, ''));
}

/** The same for longer texts, which may also have lines and tabs. */
export function hasInvisibleCharacterInText(text: string): boolean {
  return hasInvisibleCharacterInName(text.replace(/[\n\r\t]/g, ' '));
}

/**
 * Other (control, format, unassigned, private, lone surrogates), line and paragraph separators,
 * characters without a glyph, and the replacement character, which stands for undecodable bytes.
 */
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFFD]/u;

/**
 * Joiners and variation selectors between visible characters. Persian and Indic names and many
 * emoji need them (UAX 31 section 2.3, UTS 39 section 3.1.1), and there they cannot hide their
 * neighbours.
 */
const innerJoiner = /(?<=[\p{L}\p{M}\p{Emoji}])(?:\u200C|\u200D|\p{Variation_Selector})+/gu;

/**
 * A single mark of direction (LRM, RLM). CLDR names both among the characters of the languages that
 * are written from right to left, so they are accepted in texts with letters of such a script.
 */
const directionMark = /(?<![\u200E\u200F])[\u200E\u200F](?![\u200E\u200F])/gu;
const rightToLeftLetter =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}\p{Script=Hanifi_Rohingya}\p{Script=Mandaic}\p{Script=Samaritan}\p{Script=Yezidi}\p{Script=Mende_Kikakui}]/u;

/**
 * A place to break a line between two words (ZWSP), in scripts without spaces. CLDR names it among
 * the characters of Khmer, Lao and Thai.
 */
const wordBreak =
  /(?<=[\p{Script=Khmer}\p{Script=Lao}\p{Script=Thai}])\u200B(?=[\p{Script=Khmer}\p{Script=Lao}\p{Script=Thai}])/gu;

/** A flag that is written with invisible tags, of those that keyboards offer (UTS 51 ED-14a, RGI). */
const flagOfTags = /\p{RGI_Emoji_Tag_Sequence}/gv;

/**
 * A letter, digit, sign or punctuation mark with a glyph. Marks alone show nothing of their own.
 * The excluded signs are blank by their definition: Braille without dots, the musical null note, the
 * blanks of hieroglyphs, and the place of an object that the text does not hold.
 */
const visible =
  /[[\p{L}\p{N}\p{P}\p{S}]--[\p{Default_Ignorable_Code_Point}\u2800\u{1D159}\u{13441}\u{13442}\uFFFC]]/v;

/** Whether a text contains a control or invisible character. */
export function hasInvisibleCharacter(text: string): boolean {
  return invisible.test(text);
}

/** The same for names, in which people write some of these characters for a reason. */
export function hasInvisibleCharacterInName(name: string): boolean {
  if (!invisible.test(name)) return false;
  const others = name.replace(flagOfTags, '').replace(innerJoiner, '').replace(wordBreak, '');
  return invisible.test(rightToLeftLetter.test(name) ? others.replace(directionMark, '') : others);
}

/** The same for longer texts, which may also contain line breaks and tabs. */
export function hasInvisibleCharacterInText(text: string): boolean {
  return hasInvisibleCharacterInName(text.replace(/[\n\r\t]/g, ' '));
}

/** Whether a text shows anything at all. */
export function showsSomething(text: string): boolean {
  return visible.test(text);
}

/**
 * Chooses the language of a mail as RFC 4647 looks it up: the locale itself, then the locale with
 * fewer and fewer subtags down to the base language. Returns undefined if none is there.
 */
export function chooseLanguage<Language>(
  locale: string,
  byLowerTag: ReadonlyMap<string, Language>,
): Language | undefined {
  let tag = locale.toLowerCase();
  for (;;) {
    const language = byLowerTag.get(tag);
    if (language !== undefined) return language;
    const cut = tag.lastIndexOf('-');
    if (cut < 0) return undefined;
    tag = tag.slice(0, cut);
  }
}

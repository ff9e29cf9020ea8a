/** A person as a test knows them. */
export type KnownPerson = { readonly email: string; readonly displayName: string };

/** Finds personal data in a line, and names what it found. */
export type FindPersonalData = (line: string) => readonly string[];

/** Anything that looks like an address of mail. */
const ADDRESS =
  /[\p{L}\p{M}\p{N}._%+'-]+@[\p{L}\p{M}\p{N}-]+(?:\.[\p{L}\p{M}\p{N}-]+)*\.\p{L}{2,}/gu;

/** Shorter names occur by chance. */
const MIN_NAME = 5;

/**
 * Creates a search for the addresses and names of people, and for any other address but those that
 * Zameni sends from.
 */
export function createFindPersonalData(
  people: readonly KnownPerson[],
  allowedAddresses: readonly string[],
): FindPersonalData {
  const byStart = new Map<string, Set<string>>();
  for (const { email, displayName } of people) {
    const names = displayName.trim().length < MIN_NAME ? [] : [displayName.trim()];
    for (const text of [...names, email.trim()].flatMap(spellingsOf)) {
      const start = text.slice(0, MIN_NAME);
      byStart.set(start, (byStart.get(start) ?? new Set()).add(text));
    }
  }
  return (line) => {
    const found = new Set<string>();
    const lower = line.toLowerCase();
    for (let at = 0; at + MIN_NAME <= lower.length; at += 1) {
      for (const text of byStart.get(lower.slice(at, at + MIN_NAME)) ?? []) {
        if (lower.startsWith(text, at)) found.add(text);
      }
    }
    for (const [address] of line.matchAll(ADDRESS)) {
      if (!allowedAddresses.includes(address.toLowerCase())) found.add(address);
    }
    return [...found];
  };
}

/** A text in lower case as it is, composed, as JSON and as part of a URL. */
function spellingsOf(text: string): readonly string[] {
  const forms = [text, text.normalize('NFC'), text.normalize('NFD')];
  const spellings = forms.flatMap((form) => [
    form,
    JSON.stringify(form).slice(1, -1),
    encodeURIComponent(form.toWellFormed()),
  ]);
  return [...new Set(spellings.map((spelling) => spelling.toLowerCase()))];
}

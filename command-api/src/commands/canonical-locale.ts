import { Locale } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';

const validateLocale = createValidator(Locale);

/** Tags seen so far: people share few, and Intl takes 10 µs for each. */
const knownLocales = new Map<string, string>();
const MAX_KNOWN_LOCALES = 1_000;

/** A language tag in canonical form (BCP 47); undefined when it is none, or grows too long. */
export function canonicalLocale(tag: string): string | undefined {
  const known = knownLocales.get(tag);
  if (known !== undefined) return known;
  try {
    const [canonical] = Intl.getCanonicalLocales(tag);
    // An old tag can become longer than it was.
    if (canonical === undefined || validateLocale(canonical) !== undefined) return undefined;
    if (knownLocales.size < MAX_KNOWN_LOCALES) {
      knownLocales.set(tag, canonical);
    }
    return canonical;
  } catch {
    // Thrown for a tag that BCP 47 does not allow; the caller names the field.
    return undefined;
  }
}

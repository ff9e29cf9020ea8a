import { Locale } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';

const validateLocale = createValidator(Locale);

/** Cache of canonical tags, because people share few and Intl takes 10 µs for each. */
const knownLocales = new Map<string, string>();
const MAX_KNOWN_LOCALES = 1_000;

/** Returns a language tag in canonical form (BCP 47), or undefined if it is invalid or too long. */
export function canonicalLocale(tag: string): string | undefined {
  const known = knownLocales.get(tag);
  if (known !== undefined) return known;
  try {
    const [canonical] = Intl.getCanonicalLocales(tag);
    // The canonical form of an old tag can be longer.
    if (canonical === undefined || validateLocale(canonical) !== undefined) return undefined;
    if (knownLocales.size < MAX_KNOWN_LOCALES) {
      knownLocales.set(tag, canonical);
    }
    return canonical;
  } catch {
    // BCP 47 does not allow the tag. The caller reports the field.
    return undefined;
  }
}

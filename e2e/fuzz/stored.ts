import type { RegisterCommand, UserView } from '@zameni/contracts';

/** The fields in which a stored person differs from the request. */
export function compareWithView(sent: RegisterCommand, view: UserView): string[] {
  const expected = {
    email: sent.email.trim(),
    emailVerified: sent.emailVerified ?? false,
    displayName: sent.displayName.trim(),
    locale: Intl.getCanonicalLocales(sent.locale)[0],
    termsVersion: sent.termsVersion,
    profile: sent.profile ?? {},
  };
  return Object.entries(expected).flatMap(([name, value]) => {
    const stored: unknown = Reflect.get(view, name);
    return toText(stored) === toText(value)
      ? []
      : [`${view.userId}: ${name} is ${toText(stored)}, sent was ${toText(value)}`];
  });
}

/** JSON with sorted object keys. */
function toText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  return JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

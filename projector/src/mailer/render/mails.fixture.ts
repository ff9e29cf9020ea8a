import { type Mail, MAIL_VALUES, type MailKind, type MailValue } from '../mail.ts';

const LINK =
  'https://register.example.org/verify#token=v1.eyJhbGciOiJIUzI1NiJ9.01890a5d-ac96-774b-bcce-b302099a8057.4f1cD9-_hQm2v8Y3sQe0zJx7bT5kL6wN&lang=en';

/** Values of a mail of each kind. */
export const values = {
  locale: 'en',
  product: 'Zameni',
  displayName: 'Вера Marković',
  requestedAt: '2026-11-20T14:05:30Z',
  expiresAt: '2026-11-27T14:05:30Z',
  link: LINK,
  count: 3,
  maskedAddress: 'a***@example.org',
};

/** A mail of a kind, in which some values may be others. */
export function mailOf(kind: MailKind, changed: Partial<typeof values> = {}): Mail {
  const { locale, product, ...rest } = { ...values, ...changed };
  const told: readonly MailValue[] = MAIL_VALUES[kind];
  const data = Object.entries(rest).filter(([name]) => told.some((value) => value === name));
  // The table says which values the kind has.
  return { kind, locale, product, ...Object.fromEntries(data) } as Mail;
}

import { type Mail, MAIL_VALUES, type MailValue } from '../mail.ts';
import type { CompiledLanguage } from './compile.ts';
import { isolate, toLine, toShownName, toShownProduct } from './foreign-text.ts';
import { fill, type Slot } from './template.ts';

/** What fills the slots of a mail, as text. What a kind of mail does not tell is empty. */
export function toValues(mail: Mail, language: CompiledLanguage): Readonly<Record<Slot, string>> {
  const { messages, dates, numbers, plurals } = language;
  const time = (text: string) => dates.format(new Date(text));
  const count = 'count' in mail ? mail.count : 0;
  const form = language.requests.get(plurals.select(count));
  const values = {
    product: toShownProduct(mail.product, messages.direction),
    name: nameIn(mail),
    count: numbers.format(count),
    requestedAt: 'requestedAt' in mail ? time(mail.requestedAt) : '',
    expiresAt: 'expiresAt' in mail ? time(mail.expiresAt) : '',
    maskedAddress: 'maskedAddress' in mail ? isolate(toLine(mail.maskedAddress)) : '',
    link: 'link' in mail ? toLine(mail.link) : '',
    greeting: '',
    requests: '',
  };
  const greeting = values.name === '' ? language.greeting : language.greetingByName;
  return {
    ...values,
    greeting: fill(greeting, values),
    requests: form === undefined ? '' : fill(form, values),
  };
}

/** The name, if mails of the kind tell it: an object may hold more than its type says. */
function nameIn(mail: Mail): string {
  const told: readonly MailValue[] = MAIL_VALUES[mail.kind];
  if (!('displayName' in mail) || !told.includes('displayName')) return '';
  return toShownName(mail.displayName) ?? '';
}

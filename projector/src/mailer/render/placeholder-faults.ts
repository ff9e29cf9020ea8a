import { MAIL_KINDS, MAIL_VALUES, type MailKind, type MailValue } from '../mail.ts';
import type { LanguageFile, MailMessages, Plural } from './language-file.ts';
import { namesIn } from './template.ts';

/** Values that a mail tells in its body or in why it came. */
const TOLD = ['requestedAt', 'maskedAddress'] as const satisfies readonly MailValue[];

/** Names in braces that a message may have, and those that it must have. */
type Rule = { readonly may?: readonly string[]; readonly must?: readonly string[] };

/**
 * Finds names in braces that are unknown or missing. Subjects tell nothing of the person: mail
 * servers keep them, and strangers choose names.
 */
export function placeholderFaults(file: LanguageFile): readonly string[] {
  return [
    ...ofMessage('/greeting', file.greeting, {}),
    ...ofMessage('/greetingByName', file.greetingByName, { must: ['name'] }),
    ...ofMessage('/linkBelow', file.linkBelow, {}),
    ...ofMessage('/linkEnds', file.linkEnds, { must: ['expiresAt'] }),
    ...MAIL_KINDS.flatMap((kind) => ofMail(kind, file.mails[kind])),
  ];
}

/** Finds plural forms that the language lacks or does not have. */
export function pluralFaults(file: LanguageFile, rules: Intl.PluralRules): readonly string[] {
  const { pluralCategories } = rules.resolvedOptions();
  return MAIL_KINDS.flatMap((kind) => {
    const { requests }: MailMessages = file.mails[kind];
    if (requests === undefined) return [];
    const path = `/mails/${kind}/requests`;
    const given = Object.keys(requests);
    const missing = pluralCategories.filter((name) => !given.includes(name));
    const unknown = given.filter((given) => !pluralCategories.some((name) => name === given));
    return [
      ...missing.map((name) => `${path}/${name} is missing: the language has this plural form`),
      ...unknown.map((name) => `${path}/${name} is unknown: the language has no such plural form`),
    ];
  });
}

function ofMail(kind: MailKind, messages: MailMessages): readonly string[] {
  const { subject, heading, body, button, requests, why, notYou } = messages;
  const path = `/mails/${kind}`;
  const values: readonly MailValue[] = MAIL_VALUES[kind];
  const told = TOLD.filter((name) => values.includes(name));
  const texts = [...body, why].flatMap(namesIn);
  return [
    ...ofMessage(`${path}/subject`, subject, {}),
    ...ofMessage(`${path}/heading`, heading, {}),
    ...body.flatMap((message, index) => ofMessage(`${path}/body/${index}`, message, { may: told })),
    ...(button === undefined ? [] : ofMessage(`${path}/button`, button, {})),
    ...(requests === undefined ? [] : ofPlural(`${path}/requests`, requests)),
    ...ofMessage(`${path}/why`, why, { may: told }),
    ...ofMessage(`${path}/notYou`, notYou, {}),
    ...told
      .filter((name) => !texts.includes(name))
      .map((name) => `${path} lacks {${name}}, in its body or in why`),
  ];
}

function ofPlural(path: string, forms: Plural): readonly string[] {
  return Object.entries(forms).flatMap(([form, message]) =>
    ofMessage(`${path}/${form}`, message, { must: ['count'] }),
  );
}

function ofMessage(path: string, message: string, { may = [], must = [] }: Rule): string[] {
  const names = namesIn(message);
  const known = ['product', ...may, ...must];
  const unknown = names.filter((name) => !known.includes(name));
  const missing = must.filter((name) => !names.includes(name));
  return [
    ...unknown.map((name) => `${path} has {${name}}, which is not filled in there`),
    ...missing.map((name) => `${path} lacks {${name}}`),
    ...(/[{}]/.test(message.replaceAll(/\{\w*\}/g, '')) ? [`${path} has a brace alone`] : []),
  ];
}

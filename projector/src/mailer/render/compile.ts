import { MAIL_KINDS, type MailKind } from '../mail.ts';
import { escapeHtml } from './escape-html.ts';
import type { MailMessages } from './language-file.ts';
import type { Language } from './languages.ts';
import { layOut } from './layout.ts';
import { markSlot, markSlots, type Template, toTemplate } from './template.ts';

/** A mail of one kind in one language, with slots. */
export type CompiledMail = {
  readonly subject: Template;
  readonly text: Template;
  readonly html: Template;
};

/** A language, ready to render. */
export type CompiledLanguage = Language & {
  readonly greeting: Template;
  readonly greetingByName: Template;
  /** Sentences with the number of requests, by plural form. */
  readonly requests: ReadonlyMap<string, Template>;
  readonly mails: ReadonlyMap<MailKind, CompiledMail>;
};

/** Lays out every kind of mail in a language, so that rendering only fills slots. */
export async function compileLanguage(language: Language): Promise<CompiledLanguage> {
  const { greeting, greetingByName, mails } = language.messages;
  const compiled = new Map<MailKind, CompiledMail>();
  for (const kind of MAIL_KINDS) compiled.set(kind, await compileMail(language, mails[kind]));
  const forms = Object.entries(mails['confirm-mailbox'].requests);
  return {
    ...language,
    greeting: toTemplate(markSlots(greeting)),
    greetingByName: toTemplate(markSlots(greetingByName)),
    requests: new Map(forms.map(([form, message]) => [form, toTemplate(markSlots(message))])),
    mails: compiled,
  };
}

async function compileMail(language: Language, mail: MailMessages): Promise<CompiledMail> {
  return {
    subject: toTemplate(markSlots(mail.subject)),
    text: toTemplate(toText(language, mail)),
    html: toTemplate(await toHtml(language, mail)),
  };
}

/** The link stands alone on its line, which nothing wraps. */
function toText({ messages }: Language, mail: MailMessages): string {
  const { button } = mail;
  const link = button === undefined ? [] : [`${markSlots(button)}:\n${markSlot('link')}`];
  const footer = `--------\n${footerOf(messages.linkEnds, mail).join('\n')}`;
  return `${[markSlot('greeting'), ...paragraphsOf(mail), ...link, footer].join('\n\n')}\n`;
}

function toHtml({ tag, messages }: Language, mail: MailMessages): Promise<string> {
  const { button, subject, heading } = mail;
  const link = markSlot('link');
  const below = toMarkup(messages.linkBelow);
  return layOut({
    language: tag,
    direction: messages.direction,
    title: toMarkup(subject),
    preview: paragraphsOf(mail).map(escapeHtml)[0] ?? '',
    product: markSlot('product'),
    heading: toMarkup(heading),
    paragraphs: [markSlot('greeting'), ...paragraphsOf(mail).map(escapeHtml)],
    action: button === undefined ? undefined : { label: toMarkup(button), link, below },
    footer: footerOf(messages.linkEnds, mail).map(escapeHtml),
  });
}

function paragraphsOf({ requests, body }: MailMessages): readonly string[] {
  const counted = requests === undefined ? [] : [markSlot('requests')];
  return [...counted, ...body.map(markSlots)];
}

function footerOf(linkEnds: string, { why, notYou, button }: MailMessages): readonly string[] {
  return [why, notYou, ...(button === undefined ? [] : [linkEnds])].map(markSlots);
}

function toMarkup(message: string): string {
  return escapeHtml(markSlots(message));
}

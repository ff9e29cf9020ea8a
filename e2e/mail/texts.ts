import type { TakenMail } from './smtp-server.ts';

/** Subjects of the stack's mails, by kind. Some kinds have one in common. */
export const SUBJECTS = {
  en: {
    confirm: 'Confirm your address for Zameni',
    welcome: 'Welcome to Zameni',
    'confirm-change': 'Confirm your new address for Zameni',
    'change-notice': 'Your address at Zameni is about to change',
    'changed-notice': 'Your address at Zameni has changed',
    'holder-unproven': 'An account at Zameni has your address',
    'already-registered': 'You already have an account at Zameni',
    deactivated: 'Your account at Zameni was deactivated',
    reactivated: 'Your account at Zameni is active again',
    erased: 'Your account at Zameni was erased',
  },
  ru: {
    confirm: 'Подтвердите адрес для «Zameni»',
    welcome: 'Добро пожаловать в «Zameni»',
    'confirm-change': 'Подтвердите новый адрес для «Zameni»',
    'change-notice': 'Ваш адрес в «Zameni» скоро изменится',
    'changed-notice': 'Ваш адрес в «Zameni» изменён',
    'holder-unproven': 'Ваш адрес указан в учётной записи «Zameni»',
    'already-registered': 'У вас уже есть учётная запись в «Zameni»',
    deactivated: 'Ваша учётная запись в «Zameni» отключена',
    reactivated: 'Ваша учётная запись в «Zameni» снова включена',
    erased: 'Ваша учётная запись в «Zameni» удалена',
  },
} as const;

/** A language that mails are written in. */
export type MailLanguage = keyof typeof SUBJECTS;

/** What a subject tells of a mail's kind; the subject itself if it is unknown. */
export function subjectOf({ headers }: TakenMail, language: MailLanguage): string {
  const subject = headers.get('subject') ?? '';
  const known = Object.entries(SUBJECTS[language]).find(([, text]) => text === subject);
  return known?.[0] ?? subject;
}

/** The link of a mail, with the token and the language in its fragment. Null if there is none. */
export function linkIn({ text }: TakenMail): { url: string; token: string; lang: string } | null {
  const [, url, token, lang] =
    /(https?:\/\/\S+)\/verify#token=([^\s&]+)&lang=([^\s&>]+)/.exec(text) ?? [];
  return url && token && lang ? { url, token, lang } : null;
}

/** The token of the link of a mail. Throws if it has none. */
export function tokenIn(mail: TakenMail | undefined): string {
  const token = mail && linkIn(mail)?.token;
  if (token === undefined) throw new Error('the mail has no link');
  return token;
}

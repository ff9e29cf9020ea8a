import { Fault } from '@zameni/runtime';
import type { Mail, Rendered } from '../mail.ts';
import { chooseLanguage } from './choose-language.ts';
import { compileLanguage } from './compile.ts';
import { escapeHtml } from './escape-html.ts';
import { FALLBACK, type Language, readLanguages } from './languages.ts';
import { fill } from './template.ts';
import { toValues } from './values.ts';

/**
 * Reads and compiles all mails in all languages. The renderer that it returns only fills in values.
 * They are escaped in HTML, and none breaks a line or turns the direction of the text around it.
 */
export async function createRenderer(
  languages: readonly Language[] = readLanguages(),
): Promise<(mail: Mail) => Rendered> {
  const compiled = await Promise.all(languages.map(compileLanguage));
  const byLowerTag = new Map(compiled.map((language) => [language.tag.toLowerCase(), language]));
  return (mail) => {
    const language = chooseLanguage(mail.locale, byLowerTag) ?? byLowerTag.get(FALLBACK);
    const templates = language?.mails.get(mail.kind);
    if (language === undefined || templates === undefined) {
      throw new Fault(`there is no mail of kind ${mail.kind} in the fallback language`);
    }
    const values = toValues(mail, language);
    return {
      subject: fill(templates.subject, values),
      text: fill(templates.text, values),
      html: fill(templates.html, values, escapeHtml),
      language: language.tag,
      direction: language.messages.direction,
    };
  };
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { LanguageFile } from './language-file.ts';
import { placeholderFaults, pluralFaults } from './placeholder-faults.ts';

/** The messages of a language, and how it writes times and numbers. */
export type Language = {
  /** Language tag (BCP 47), the name of the file. */
  readonly tag: string;
  readonly messages: LanguageFile;
  readonly dates: Intl.DateTimeFormat;
  readonly numbers: Intl.NumberFormat;
  readonly plurals: Intl.PluralRules;
};

/** A file of messages as it was read. */
export type MessageFile = { readonly name: string; readonly text: string };

/** Faults in files of messages. The message has a line for each, with file and key. */
export class LanguageFilesError extends Error {
  override readonly name = 'LanguageFilesError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The files of messages have ${faults.length} fault(s):\n  ${faults.join('\n  ')}`);
    this.faults = faults;
  }
}

/** The language of people whose own has no file. */
export const FALLBACK = 'en';

/** Most faults that TypeBox collects of one file. Its default of eight is too few. */
const MAX_COLLECTED = 4_096;

/** Reads the files of messages: each `<language tag>.json` of a folder is a language. */
export function readLanguages(
  directory: string = join(import.meta.dirname, 'messages'),
): readonly Language[] {
  const names = readdirSync(directory).toSorted();
  return toLanguages(
    names.map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') })),
  );
}

/** Checks files of messages. Throws one LanguageFilesError that lists every fault of all. */
export function toLanguages(files: readonly MessageFile[]): readonly Language[] {
  Settings.Set({ maxErrors: MAX_COLLECTED });
  const check = Compile(LanguageFile);
  const faults: string[] = [];
  const languages: Language[] = [];
  for (const file of files) {
    const found: string[] = [];
    const tag = toTag(file.name);
    if (tag === undefined) found.push('its name is not a language tag with .json that Intl knows');
    const messages = toJson(file.text);
    if (messages === undefined) found.push('it is not JSON');
    else if (!check.Check(messages)) found.push(...check.Errors(messages).flatMap(toFaults));
    else {
      const plurals = new Intl.PluralRules(tag);
      found.push(...placeholderFaults(messages));
      if (tag !== undefined) {
        found.push(...pluralFaults(messages, plurals));
        const dates = new Intl.DateTimeFormat(tag, DATES);
        languages.push({ tag, messages, plurals, dates, numbers: new Intl.NumberFormat(tag) });
      }
    }
    faults.push(...found.map((fault) => `${file.name}: ${fault}`));
  }
  if (!files.some(({ name }) => name === `${FALLBACK}.json`)) {
    faults.push(`${FALLBACK}.json: it is missing, and other languages fall back to it`);
  }
  if (faults.length > 0) throw new LanguageFilesError(faults);
  return languages;
}

const DATES = {
  timeZone: 'UTC',
  timeZoneName: 'short',
  year: 'numeric',
  month: 'long',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
} as const satisfies Intl.DateTimeFormatOptions;

function toTag(name: string): string | undefined {
  const tag = /^([A-Za-z0-9-]+)\.json$/.exec(name)?.[1];
  if (tag === undefined) return undefined;
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).find((known) => known === tag);
  } catch {
    // A RangeError: the form of the tag is wrong.
    return undefined;
  }
}

/** Returns undefined if the text is not JSON. JSON has no undefined of its own. */
function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type SchemaError = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
};

function toFaults({ keyword, instancePath, params, message }: SchemaError): readonly string[] {
  switch (keyword) {
    case 'required': {
      const names: unknown = Reflect.get(params, 'requiredProperties');
      return Array.isArray(names) ? names.map((name) => `${instancePath}/${name} is missing`) : [];
    }
    case 'boolean':
      return [`${instancePath} is unknown`];
    case 'additionalProperties':
      // Each is reported as unknown before.
      return [];
    default:
      return [`${instancePath} ${message}`];
  }
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

const FOLDER = join(import.meta.dirname, 'messages');

/** A text that the service itself puts into the page. */
const Plain = Type.String({ pattern: '^[^<>&"]*$' });

/** The texts of a language, by name. The scripts show them as texts, never as HTML. */
const Messages = Type.Intersect([
  Type.Record(Type.String(), Type.String()),
  Type.Object({
    /** What the language calls itself. */
    language: Plain,
    direction: Type.Enum(['ltr', 'rtl']),
    /** Shown if the scripts do not come. */
    late: Plain,
  }),
]);
export type Messages = Static<typeof Messages>;

/** Reads the texts of each language. A language is a file `messages/<tag>.json`. */
export function readMessages(): Readonly<Record<string, Messages>> {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  const entries = files.toSorted().map((name) => {
    const content: unknown = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
    return [name.replace('.json', ''), Value.Parse(Messages, content)] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Splits a header at a separator outside double quotes; undefined if a quote is left open. With
 * `escapes` a backslash inside quotes escapes the next character. It takes linear time, also for
 * hostile input.
 */
export function splitQuoted(
  text: string,
  separator: ',' | ';',
  { escapes }: { readonly escapes: boolean },
): string[] | undefined {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '"') quoted = !quoted;
    else if (quoted && escapes && character === '\\') i += 1;
    else if (!quoted && character === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (quoted) return undefined;
  parts.push(text.slice(start));
  return parts;
}

/** A Markdown table. Cells hold no line breaks, and bars in them are escaped. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map(toCell).join(' | ')} |`).join('\n');
}

/** Names as code, separated by commas. */
export function toCode(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function toCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

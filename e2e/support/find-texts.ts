/** Shorter texts occur by chance in ciphertext written as base64. */
const MIN_BYTES = 9;

/** Returns the texts that occur in the bytes as UTF-8. Ignores texts under nine bytes. */
export function findTexts(files: readonly Buffer[], texts: readonly string[]): string[] {
  const byStart = new Map<number, Set<Buffer>>();
  for (const text of new Set(texts)) {
    const bytes = Buffer.from(text);
    if (bytes.length < MIN_BYTES) continue;
    const start = bytes.readUIntBE(0, 6);
    byStart.set(start, (byStart.get(start) ?? new Set()).add(bytes));
  }
  const found = new Set<string>();
  for (const file of files) {
    for (let offset = 0; offset + MIN_BYTES <= file.length; offset += 1) {
      for (const bytes of byStart.get(file.readUIntBE(offset, 6)) ?? []) {
        if (file.subarray(offset, offset + bytes.length).equals(bytes)) {
          found.add(bytes.toString('utf8'));
        }
      }
    }
  }
  return [...found];
}

import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes behind the subject of a record that are its data for certain. */
const INTO_DATA = 40;

/**
 * Flips a byte of the data of each record on a subject, in the blocks that one server keeps of the
 * log's stream. Returns how many there were.
 */
export async function flipRecords(folder: string, subject: string): Promise<number> {
  const blocks = (await readdir(folder, { recursive: true }))
    .map((path) => join(folder, path))
    .filter((path) => /streams\/ACCOUNTS\/msgs\/\d+\.blk$/.test(path));
  let count = 0;
  for (const path of blocks) {
    await using file = await open(path, 'r+');
    const bytes = await file.readFile();
    for (let at = bytes.indexOf(subject); at !== -1; at = bytes.indexOf(subject, at + 1)) {
      const position = at + subject.length + INTO_DATA;
      await file.write(Buffer.from([(bytes[position] ?? 0) ^ 0xff]), 0, 1, position);
      count += 1;
    }
  }
  return count;
}

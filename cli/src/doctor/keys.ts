import { dayOf, readKeyRingFile } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { secretFiles } from '../../../deploy/local/secrets/files.ts';
import { type Check, check, type Finding } from './report.ts';

const DAY_MS = 24 * 3_600 * 1_000;

/** Days in advance that must have keys. With fewer, `zameni keys tend` has not run for days. */
const GOOD_DAYS_AHEAD = 3;

/** Checks whether the ring of attempt keys is tended. */
export function checkAttemptKeys({ profile, folders }: Stack): Promise<Check> {
  const remedy = `npx zameni keys tend${profile === 'local' ? '' : ` --profile ${profile}`}`;
  const { attemptKeys } = secretFiles(folders.secrets);
  return check({
    area: 'machine',
    name: 'attempt keys',
    remedy,
    look: () =>
      judgeAttemptKeys(Object.keys(readKeyRingFile(attemptKeys).keys), new Date(), remedy),
  });
}

/** Judges the days for which a ring has attempt keys. */
export function judgeAttemptKeys(days: readonly string[], now: Date, remedy: string): Finding {
  const wanted = Array.from({ length: GOOD_DAYS_AHEAD + 1 }, (_, ahead) =>
    dayOf(now.getTime() + ahead * DAY_MS),
  );
  const missing = wanted.filter((day) => !days.includes(day));
  const [today = ''] = wanted;
  if (missing.includes(today)) {
    const found = `none for today (${today}): the public cannot register`;
    return { level: 'fail', found, remedy };
  }
  if (missing.length > 0) {
    const found = `none for ${missing.join(', ')}: nobody keeps the ring`;
    return { level: 'warn', found, remedy };
  }
  return `${days.length} days, until ${days.toSorted().at(-1)}`;
}

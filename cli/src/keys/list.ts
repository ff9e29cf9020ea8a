import { dayOf, type KeyRingFile, readKeyRingFile } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { type Static, Type } from 'typebox';
import { alignColumns } from '../framework/io.ts';
import { countByKek, withLog } from './keys-in-log.ts';
import { type RingName, RINGS } from './rings.ts';

/** Output of `zameni keys list --json`: ids, never keys. */
export const KeysReport = Type.Object(
  {
    rings: Type.Array(
      Type.Object(
        {
          ring: Type.String(),
          purpose: Type.String(),
          keys: Type.Array(
            Type.Object(
              {
                id: Type.String(),
                state: Type.Enum(['current', 'next', 'older', 'missing']),
                since: Type.Union([Type.String(), Type.Null()], {
                  description: 'When it became current; null when that is not known',
                }),
                records: Type.Union([Type.Integer(), Type.Null()], {
                  description: 'Records of the log wrapped by it; null where nothing is',
                }),
              },
              { additionalProperties: false },
            ),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false, title: 'KeysReport' },
);
export type KeysReport = Static<typeof KeysReport>;
type KeyState = RingReport['keys'][number]['state'];
type RingReport = KeysReport['rings'][number];

/** Milliseconds to read every key record, at about a hundred thousand per second. */
const COUNT_DEADLINE_MS = 10 * 60 * 1_000;

/** Lists all rings, or one of them, with the number of records that each key wraps. */
export async function listKeys(
  stack: Stack,
  only: RingName | undefined,
  signal: AbortSignal,
): Promise<KeysReport> {
  const now = new Date();
  const names = Object.keys(RINGS).filter((name): name is RingName =>
    only === undefined ? true : name === only,
  );
  const counts = names.includes('kek')
    ? await withLog(stack, { as: 'eraser', signal }, (log) =>
        countByKek(log, AbortSignal.any([signal, AbortSignal.timeout(COUNT_DEADLINE_MS)])),
      )
    : new Map<string, number>();
  return {
    rings: names.map((name) =>
      name === 'attempt'
        ? toAttemptRingReport(readKeyRingFile(RINGS[name].path(stack)), now)
        : toRingReport(stack, name, name === 'kek' ? counts : undefined),
    ),
  };
}

function toRingReport(
  stack: Stack,
  name: RingName,
  counts: ReadonlyMap<string, number> | undefined,
): RingReport {
  const { current, next, since = {}, keys } = readKeyRingFile(RINGS[name].path(stack));
  const stateOf = (id: string): KeyState => {
    if (id === current) return 'current';
    return id === next ? 'next' : 'older';
  };
  const held = Object.keys(keys).map((id) => ({
    id,
    state: stateOf(id),
    since: since[id] ?? null,
    records: counts === undefined ? null : (counts.get(id) ?? 0),
  }));
  // The ring lacks these keys, so the data of these people cannot be read.
  const missing = [...(counts ?? [])]
    .filter(([id]) => !Object.hasOwn(keys, id))
    .map(([id, records]) => ({ id, state: 'missing' as const, since: null, records }));
  return { ring: name, purpose: RINGS[name].purpose, keys: [...held, ...missing] };
}

/** Reports the days of the ring of attempt keys. The clock decides which one is current. */
export function toAttemptRingReport({ keys }: Pick<KeyRingFile, 'keys'>, now: Date): RingReport {
  const today = dayOf(now.getTime());
  const stateOf = (day: string): KeyState => {
    if (day === today) return 'current';
    return day > today ? 'next' : 'older';
  };
  return {
    ring: 'attempt',
    purpose: RINGS.attempt.purpose,
    keys: Object.keys(keys)
      .toSorted()
      .map((day) => ({
        id: day,
        state: stateOf(day),
        since: day > today ? null : `${day}T00:00:00.000Z`,
        records: null,
      })),
  };
}

/** Formats the report as a table with one line per key. */
export function toKeysTable({ rings }: KeysReport): string {
  const rows = rings.flatMap(({ ring, keys }) =>
    keys.map(({ id, state, since, records }) => [
      ring,
      id || '(none)',
      state,
      since === null ? '-' : `since ${since}`,
      records === null ? '' : `${records} records`,
    ]),
  );
  return `${alignColumns(rows).join('\n')}\n`;
}

import type { ReadModelsVersion } from '@zameni/contracts';

/** How far a rebuild is. */
export type RebuildProgress = {
  readonly version: ReadModelsVersion;
  readonly head: number;
  /** Since the watching began. */
  readonly elapsedMs: number;
  /** Records since the watching began. */
  readonly read: number;
};

const BAR = 24;

/** The step that a rebuild is in, and how far it is, as two texts. */
export function toStep({
  version,
  head,
  elapsedMs,
  read,
}: RebuildProgress): readonly [string, string] {
  const { comparison, position, carriedPosition } = version;
  if (carriedPosition === null) return ['copying what the log does not keep', ''];
  if (comparison !== null) {
    const rows = comparison.tables.reduce((sum, table) => sum + table.rows, 0);
    return ['comparing with the live version', `${rows.toLocaleString('en')} rows`];
  }
  const share = head === 0 ? 1 : Math.min(1, position / head);
  const filled = Math.round(share * BAR);
  const perSecond = (read * 1_000) / Math.max(1, elapsedMs);
  const parts = [
    `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}]`,
    `${Math.floor(share * 100)}%`,
    `${Math.round(perSecond).toLocaleString('en')} records/s`,
    ...(perSecond < 1 ? [] : [`${toTime((head - position) / perSecond)} left`]),
  ];
  return ['filling from the log', parts.join('  ')];
}

function toTime(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

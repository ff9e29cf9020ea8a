import type { ReadModelsVersion } from '@zameni/contracts';
import { drawBar, toTimeLeft } from '../framework/progress.ts';

/** How far a rebuild is. */
export type RebuildProgress = {
  readonly version: ReadModelsVersion;
  readonly head: number;
  /** Since the watching began. */
  readonly elapsedMs: number;
  /** Records since the watching began. */
  readonly read: number;
};

/** Characters of the bar. With step, rate and time it fits a terminal of 80 columns. */
const BAR = 12;

/** The step that a rebuild is in, and how far it is, as two texts. */
export function toStep(progress: RebuildProgress): readonly [string, string] {
  const phase = phaseOf(progress.version);
  switch (phase) {
    case 'copying':
      return ['copying what the log does not keep', ''];
    case 'filling':
      return ['filling from the log', toFilled(progress)];
    case 'comparing':
      return ['comparing with the live version', toCompared(progress.version)];
    default:
      return phase satisfies never;
  }
}

/** What a version that is built is in the middle of. */
export type Phase = 'copying' | 'filling' | 'comparing';

/** Returns what a version that is built is in the middle of. */
export function phaseOf({ carriedPosition, comparison }: ReadModelsVersion): Phase {
  if (carriedPosition === null) return 'copying';
  return comparison === null ? 'filling' : 'comparing';
}

function toFilled({ version: { position }, head, elapsedMs, read }: RebuildProgress): string {
  const share = head === 0 ? 1 : Math.min(1, position / head);
  const perSecond = (read * 1_000) / Math.max(1, elapsedMs);
  const left = perSecond < 1 ? [] : [toTimeLeft(((head - position) * 1_000) / perSecond)];
  const rate = `${Math.round(perSecond).toLocaleString('en')} records/s`;
  return [drawBar(share, BAR), `${Math.floor(share * 100)}%`, rate, ...left].join('  ');
}

function toCompared({ comparison }: ReadModelsVersion): string {
  const rows = (comparison?.tables ?? []).reduce((sum, table) => sum + table.rows, 0);
  return `${rows.toLocaleString('en')} rows`;
}

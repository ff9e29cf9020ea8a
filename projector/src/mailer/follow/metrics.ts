import { type HeadWatch, METRICS, observe } from '@zameni/runtime';

/** Measures how far the mailer is behind the log. */
export type FollowMetrics = Disposable & {
  /** Call it with the cursor whenever that was moved. */
  readonly onProgress: (position: number) => void;
  /** Call it when no record has come for a second. */
  readonly onIdle: () => void;
};

/** The log that is followed, and whether this process is active. */
export type FollowMetricsOptions = {
  readonly head: Pick<HeadWatch, 'lastHead'>;
  readonly isActive: () => boolean;
};

/**
 * Creates the metrics of following. The cursor is at the last record that can ask for a mail, and
 * stays there while others come. So a head that was seen before a second without records counts as
 * read: otherwise a mailer with nothing to do would seem to be behind.
 */
export function createFollowMetrics({ head, isActive }: FollowMetricsOptions): FollowMetrics {
  let read: number | undefined;
  let seenBefore = 0;
  const observed = observe(METRICS.mail.lag, () => {
    const last = head.lastHead();
    if (read === undefined || last === undefined || !isActive()) return [];
    return [{ value: Math.max(0, last - read) }];
  });
  return {
    onProgress: (position) => {
      read = position;
    },
    onIdle: () => {
      read = Math.max(read ?? 0, seenBefore);
      seenBefore = head.lastHead() ?? 0;
    },
    [Symbol.dispose]: () => observed[Symbol.dispose](),
  };
}

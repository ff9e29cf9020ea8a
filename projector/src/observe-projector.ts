import {
  type CopyState,
  type HeadWatch,
  METRICS,
  observe,
  type Pool,
  type ServiceContext,
} from '@zameni/runtime';
import { createWatch } from './async/watch.ts';
import type { Auditor } from './audit/auditor.ts';
import type { Config } from './config.ts';
import { readErasuresUnderWay } from './erasure/under-way.ts';
import { observeLease } from './lease/metrics.ts';
import type { Reactors } from './start-reactors.ts';
import type { VersionsWork } from './versions/follow-versions.ts';

/** What metrics tell of a projector beside its batches. */
export type ObservedProjector = Reactors & {
  readonly auditor: Pick<Auditor, 'status' | 'progress'>;
  readonly running: Pick<VersionsWork, 'status'>;
  readonly head: Pick<HeadWatch, 'lastHead'>;
  /** Connections that keep no batch and no lease waiting. */
  readonly pool: Pool;
};

/** Milliseconds between two counts of erasures. */
const COUNT_MS = 15_000;

const COPY_STATES = ['healthy', 'unknown', 'damaged'] as const satisfies readonly CopyState[];

/** Has metrics tell of leases, and of what the active process has left to do. */
export function observeProjector(
  { resources, signal }: Pick<ServiceContext<Config>, 'resources' | 'signal'>,
  { running, head, pool, auditor, eraser, rewrapper, reclaimer }: ObservedProjector,
): void {
  const isActive = () => running.status().state === 'active';
  const erasures = createWatch({
    read: () => readErasuresUnderWay(pool),
    everyMs: COUNT_MS,
    isWanted: isActive,
  });
  const watching = erasures.run(signal);
  resources.defer(() => watching);
  const { work, projection } = METRICS;
  for (const observed of [
    observeLease('projection', running.status),
    observeLease('eraser', eraser.status),
    observeLease('auditor', auditor.status),
    observeLease('rewrapper', rewrapper.status),
    observeLease('reclaimer', reclaimer.status),
    observe(projection.head, () => toValues(isActive() ? head.lastHead() : undefined)),
    observe(work.deletionsLeft, () => toValues(eraser.progress()?.left)),
    observe(work.logCopies, () =>
      (auditor.progress()?.servers ?? []).flatMap(({ server, state }) =>
        COPY_STATES.map((each) => ({
          value: state === each ? 1 : 0,
          attributes: { 'zameni.log.server': server, 'zameni.log.copy.state': each },
        })),
      ),
    ),
    observe(work.keysLeft, () => {
      const isWrapping = rewrapper.status().state === 'active';
      return toValues(isWrapping ? rewrapper.progress()?.left : undefined);
    }),
    observe(work.erasuresUnderWay, () => toValues(erasures.last()?.count)),
    observe(work.erasureOldest, () => toValues(erasures.last()?.oldestSeconds)),
  ]) {
    resources.use(observed);
  }
}

function toValues(value: number | null | undefined): readonly { readonly value: number }[] {
  return value === undefined || value === null ? [] : [{ value }];
}

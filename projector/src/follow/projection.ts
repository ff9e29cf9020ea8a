import { followLog, type FollowOptions } from './follow-log.ts';
import { createLeasedWork, type LeasedWork, type LeasedWorkOptions } from '../lease/leased-work.ts';

/** What a projection needs to run. */
export type ProjectionOptions = Omit<FollowOptions, 'from' | 'signal' | 'onProgress'> &
  Pick<LeasedWorkOptions, 'logger' | 'standbyMs'>;

/** A projection that can be run once and asked how it is. */
export type Projection = LeasedWork;

/** Projects the log into rows and cache, while its lease is this process's. */
export function createProjection(options: ProjectionOptions): Projection {
  return createLeasedWork({
    ...options,
    name: 'projection',
    work: async (run) => {
      options.cache.resume(run.from);
      await followLog({ ...options, ...run });
    },
  });
}

import { METRICS, observe } from '@zameni/runtime';
import type { WorkStatus } from './status.ts';
import type { WorkName } from './work.ts';

/** Has metrics say whether this process holds the lease of work, and whether the work stalls. */
export function observeLease(name: WorkName, status: () => WorkStatus): Disposable {
  const attributes = { 'zameni.lease.work': name };
  const stack = new DisposableStack();
  const isIn = (state: WorkStatus['state']) => () => [
    { value: status().state === state ? 1 : 0, attributes },
  ];
  stack.use(observe(METRICS.work.leaseActive, isIn('active')));
  stack.use(observe(METRICS.work.leaseStalled, isIn('stalled')));
  return stack;
}

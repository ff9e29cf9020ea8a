import { METRICS } from './catalogue/metrics.ts';
import { observe } from './metrics.ts';

/** Has CPU time, memory and uptime of this process read with each export of metrics. */
export function observeProcess(): void {
  observe(METRICS.process.cpuTime, () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1e6 }];
  });
  observe(METRICS.process.memory, () => [{ value: process.memoryUsage.rss() }]);
  observe(METRICS.process.uptime, () => [{ value: process.uptime() }]);
}

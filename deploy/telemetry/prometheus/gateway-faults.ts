import { JOBS } from './jobs.ts';
import type { Labels } from './own-series.ts';
import { ofServer, SERVER_SERIES } from './server-series.ts';

/** A service behind the gateway. */
export type GatewayService = typeof JOBS.commandApi | typeof JOBS.queryApi;

/**
 * The rate of the 5xx that the gateway gives itself: no process is ready, too many wait, the answer
 * breaks off or does not come in time. All 5xx of the backends of a service, or of all services, but
 * without those that a process gave, because the services count their own. Both counters are
 * HAProxy's. That of the processes is ahead by the answers that are not sent yet.
 */
export function gatewayFaultRate(window: string, service?: GatewayService): string {
  const { gatewayBackendResponses, gatewayServerResponses } = SERVER_SERIES;
  const services = service ?? `(${JOBS.commandApi}|${JOBS.queryApi})`;
  // Each service has a second backend, for requests whose body is not whole.
  const labels: Labels = { proxy: `~${services}(-unfinished)?`, code: '5xx' };
  const all = `sum(rate(${ofServer(gatewayBackendResponses, labels)}[${window}]))`;
  const ofProcesses = `sum(rate(${ofServer(gatewayServerResponses, labels)}[${window}]))`;
  return `clamp_min(${all} - (${ofProcesses} or vector(0)), 0)`;
}

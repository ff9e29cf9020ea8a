import { REQUEST_SECONDS } from '../boundaries.ts';
import type { MetricDefinition } from '../definition.ts';

/** Requests that a service answers. */
export const HTTP_METRICS = {
  requestDuration: {
    name: 'http.server.request.duration',
    kind: 'histogram',
    unit: 's',
    description:
      'Time from the arrival of a request to the end of its answer. Status 499: its client went away',
    attributes: [
      'http.request.method',
      'http.route',
      'http.response.status_code',
      'error.type',
      'zameni.waited',
    ],
    boundaries: REQUEST_SECONDS,
  },
  activeRequests: {
    name: 'http.server.active_requests',
    kind: 'observed-up-down-counter',
    unit: '{request}',
    description: 'Requests under work',
    attributes: [],
  },
  problems: {
    name: 'zameni.http.server.problems',
    kind: 'counter',
    unit: '{problem}',
    description: 'Answers with a problem document, by its code',
    attributes: ['http.route', 'zameni.problem.code'],
  },
  shed: {
    name: 'zameni.http.server.shed',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests refused before any work, because the process is overloaded',
    attributes: ['zameni.shed.reason'],
  },
} as const satisfies Record<string, MetricDefinition>;

import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';
import { exposeMetrics } from '../telemetry/metrics/exposition.ts';

/** Media type of Prometheus' text format. */
const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

/** Adds `/metrics`, 404 if metrics are off. The gateway does not pass it on, like `/readyz`. */
export function addMetricsRoute(app: FastifyInstance): void {
  app.get('/metrics', async (_request, reply) => {
    const text = await exposeMetrics();
    if (text === undefined) throw new AppError('not-found');
    return reply.type(TEXT_FORMAT).send(text);
  });
}

import { FastifyOtelInstrumentation } from '@fastify/otel';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { NodeSDK } from '@opentelemetry/sdk-node';

/**
 * Starts the SDK. Spans have SQL without values, cache commands without arguments, and routes
 * instead of URLs, so they contain no personal data.
 */
export function startTelemetry(): void {
  new NodeSDK({
    serviceName: process.env['OTEL_SERVICE_NAME'] ?? process.env['ZAMENI_INSTANCE'] ?? 'zameni',
    instrumentations: [
      new FastifyOtelInstrumentation({ registerOnInitialization: true }),
      new PgInstrumentation({ requireParentSpan: true, enhancedDatabaseReporting: false }),
      new IORedisInstrumentation({
        requireParentSpan: true,
        dbStatementSerializer: (command) => command,
      }),
    ],
  }).start();
}

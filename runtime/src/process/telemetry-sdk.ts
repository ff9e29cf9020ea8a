import { FastifyOtelInstrumentation } from '@fastify/otel';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { NodeSDK } from '@opentelemetry/sdk-node';

/**
 * Starts the SDK. Statements are recorded without their values, cache commands without arguments,
 * and requests by route, so that no span carries personal data.
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

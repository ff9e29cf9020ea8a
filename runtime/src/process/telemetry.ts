/**
 * Telemetry preload: `node --import @zameni/runtime/telemetry main.ts`. Without
 * OTEL_EXPORTER_OTLP_ENDPOINT it loads nothing and costs nothing. With it, spans of HTTP, the log,
 * Postgres and Redis leave over OTLP; all other settings are OpenTelemetry's own OTEL_* variables.
 */
if (process.env['OTEL_EXPORTER_OTLP_ENDPOINT']) {
  // The hooks must be in place before an instrumented library is loaded: without them the
  // instrumentation of ioredis silently does nothing in ES modules.
  const { register } = await import('import-in-the-middle/register-hooks.mjs');
  register();
  const { startTelemetry } = await import('./telemetry-sdk.ts');
  startTelemetry();
}

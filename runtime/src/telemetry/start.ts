/**
 * Telemetry preload: `node --import @zameni/runtime/telemetry main.ts`. Without
 * OTEL_EXPORTER_OTLP_ENDPOINT it loads nothing and costs nothing. With it, spans of HTTP, the log,
 * Postgres and Redis are sent over OTLP. Other settings are the OTEL_* variables of OpenTelemetry.
 */
if (process.env['OTEL_EXPORTER_OTLP_ENDPOINT']) {
  // The hooks must be registered before an instrumented library is loaded. Otherwise the
  // instrumentation of ioredis does nothing in ES modules, without an error.
  const { register } = await import('import-in-the-middle/register-hooks.mjs');
  register();
  const { startTelemetry } = await import('./sdk.ts');
  startTelemetry();
}

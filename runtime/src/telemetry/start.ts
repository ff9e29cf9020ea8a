import { DEADLINES } from '../process/deadlines.ts';
import { type TelemetryConfig, toTelemetrySettings } from './config.ts';
import type { Observed } from './sdk.ts';

/**
 * Starts metrics and traces as the OTEL_* variables say. Disposing the result sends what remains,
 * within `DEADLINES.telemetryFlush`. The SDK is loaded only if something is on.
 */
export async function startTelemetry(
  config: TelemetryConfig,
  observed: Observed,
): Promise<AsyncDisposable> {
  const settings = toTelemetrySettings(config);
  if (settings === undefined) return { [Symbol.asyncDispose]: async () => undefined };
  const { startSdk } = await import('./sdk.ts');
  const flush = startSdk(settings, observed);
  return {
    [Symbol.asyncDispose]: async () => {
      const { promise: isLate, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, DEADLINES.telemetryFlush);
      await Promise.race([flush(), isLate]);
      clearTimeout(timer);
    },
  };
}

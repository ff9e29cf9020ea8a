import { diag, DiagLogLevel } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import type { Logger } from '../process/logger.ts';
import { outsideTraces } from './trace.ts';

/** Milliseconds between two log lines about telemetry. */
const REPORT_INTERVAL_MS = 60_000;

/**
 * Logs what goes wrong inside the SDK, for example that the collector is away: at most one line a
 * minute, with the number of faults since the last one.
 */
export function reportExportFaults(logger: Logger, now = () => performance.now()): void {
  let faults = 0;
  let reportedAt = Number.NEGATIVE_INFINITY;
  const report = (error: unknown) => {
    faults += 1;
    if (now() - reportedAt < REPORT_INTERVAL_MS) return;
    // The span that happens to be active has nothing to do with it.
    outsideTraces(() => logger.warn({ error, faults }, 'telemetry is not exported'));
    reportedAt = now();
    faults = 0;
  };
  setGlobalErrorHandler(report);
  const reportMessage = (message: string) => report(new Error(message));
  const ignore = () => undefined;
  diag.setLogger(
    { error: reportMessage, warn: reportMessage, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

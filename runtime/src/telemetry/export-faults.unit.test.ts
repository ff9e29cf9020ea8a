import { trace } from '@opentelemetry/api';
import { globalErrorHandler } from '@opentelemetry/core';
import test from 'ava';
import { createSilentLogger } from '../testing/silent-logger.ts';
import { collectTelemetry } from '../testing/telemetry.ts';
import { SPANS } from './catalogue/spans.ts';
import { reportExportFaults } from './export-faults.ts';
import { withSpan } from './trace.ts';

test.serial('a fault is logged once a minute, outside of the request that met it', async (t) => {
  await collectTelemetry(t);
  const logged: unknown[] = [];
  const logger = { ...createSilentLogger(), warn: () => logged.push(trace.getActiveSpan()) };
  let now = 0;
  reportExportFaults(logger, () => now);
  await withSpan(SPANS.validate, { parent: null }, async () => {
    t.truthy(trace.getActiveSpan());
    globalErrorHandler(new Error('the collector is away'));
    globalErrorHandler(new Error('the collector is away'));
    now = 60_000;
    globalErrorHandler(new Error('the collector is away'));
  });
  t.deepEqual(logged, [undefined, undefined]);
});

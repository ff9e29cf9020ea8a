import { trace } from '@opentelemetry/api';

/** Milliseconds to send the last spans when a process ends. */
const FLUSH_DEADLINE_MS = 2_000;

/** Sends the remaining spans, within FLUSH_DEADLINE_MS. Does nothing without tracing. */
export async function flushTraces(): Promise<void> {
  const provider: object = trace.getTracerProvider();
  const delegate = 'getDelegate' in provider ? callMethod(provider, 'getDelegate') : provider;
  if (typeof delegate !== 'object' || delegate === null || !('forceFlush' in delegate)) return;
  const timeout = new Promise<void>((resolve) => {
    setTimeout(resolve, FLUSH_DEADLINE_MS).unref();
  });
  await Promise.race([callMethod(delegate, 'forceFlush'), timeout]);
}

function callMethod(target: object, name: string): unknown {
  const method: unknown = Reflect.get(target, name);
  return typeof method === 'function' ? Reflect.apply(method, target, []) : undefined;
}

import type { Span } from './span.ts';

/** A span for tests, with what differs. */
export function spanOf(different: Partial<Span> = {}): Span {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: null,
    service: 'command-api',
    instance: 'command-api-1',
    name: 'decide',
    kind: 'internal',
    startNs: '1790000000123456789',
    endNs: '1790000000123999999',
    status: { code: 'unset', message: '' },
    attributes: {},
    links: [],
    events: [],
    ...different,
  };
}

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Collect } from './exposition.ts';
import { parseGatewayLine } from './gateway-log.ts';
import { toGatewaySpan } from './gateway-span.ts';
import type { SpanSender } from './span-sender.ts';

/** Takes the gateway's log lines. */
export type GatewayListener = AsyncDisposable & {
  readonly port: number;
  readonly collect: Collect;
};

/** Lines are not authenticated, so only the gateway's own host may send them. */
const HOST = '127.0.0.1';

/**
 * Listens for the log lines of recorded requests and offers their spans to the sender. Any process
 * of the host can send to the port, so a line proves nothing and is checked in full.
 */
export async function startGatewayListener(
  sender: SpanSender,
  port: number,
): Promise<GatewayListener> {
  const socket = createSocket('udp4');
  let malformed = 0;
  socket.on('message', (line) => {
    const request = parseGatewayLine(line);
    if (request === null) malformed += 1;
    else sender.offer(toGatewaySpan(request));
  });
  socket.bind({ address: HOST, port, exclusive: true });
  await once(socket, 'listening');
  // A datagram that cannot be received is lost, and the next one is not.
  socket.on('error', () => (malformed += 1));
  return {
    port: socket.address().port,
    collect: async () => {
      const { sent, dropped } = sender.counts();
      return [
        {
          name: 'zameni_gateway_spans_total',
          type: 'counter',
          help: 'Spans of the gateway that were sent',
          samples: [{ labels: {}, value: sent }],
        },
        {
          name: 'zameni_gateway_log_dropped_total',
          type: 'counter',
          help: 'Log lines of the gateway that became no span. It also logs requests that it cannot read',
          samples: [
            { labels: { reason: 'malformed' }, value: malformed },
            { labels: { reason: 'not_sent' }, value: dropped },
          ],
        },
      ];
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { describeHolder } from '../host/port-holder.ts';
import { StackError } from '../output/stack-error.ts';
import type { PortClaim } from './ports.ts';

/** Stops the start if ports are in use. The error names each of them and its holder. */
export async function requireFreePorts(claims: readonly PortClaim[]): Promise<void> {
  const checks = claims.map(async (claim) => ({ claim, free: await isFree(claim) }));
  const taken = (await Promise.all(checks)).filter(({ free }) => !free);
  if (taken.length === 0) return;
  const lines = await Promise.all(
    taken.map(async ({ claim: { port, wantedBy } }) => {
      return `  port ${port}, wanted by ${wantedBy}, is held by ${await describeHolder(port)}`;
    }),
  );
  throw new StackError(['These ports are in use, nothing was started:', ...lines].join('\n'));
}

async function isFree({ port, protocol }: PortClaim): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  if (protocol === 'udp') {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind({ address: '127.0.0.1', port, exclusive: true }, () => {
      socket.close(() => resolve(true));
    });
    return promise;
  }
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen({ host: '127.0.0.1', port, exclusive: true }, () =>
    server.close(() => resolve(true)),
  );
  return promise;
}

import { isIPv4, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/tokens.ts';

/** The parts of a request that say where it came from. */
export type Origin = {
  readonly headers: FastifyRequest['headers'];
  readonly socket: { readonly remoteAddress?: string | undefined };
};

/** Who is counted as one client. */
export type Client = { readonly request: Origin; readonly caller: Caller | undefined };

/**
 * The key under which a client is counted: the token's subject and issuer, else the address. `digest`
 * must be keyed: there are few enough addresses of hosts to try them all.
 */
export function clientKeyOf(
  { request, caller }: Client,
  digest: (client: string) => string,
): string {
  return digest(
    caller === undefined
      ? `address\n${clientNetworkOf(request)}`
      : // A subject is one line.
        `subject\n${caller.subject}\n${caller.issuer}`,
  );
}

/**
 * The key under which bad tokens are counted: by the address, because what they say of their subject
 * is not true, and apart from commands, because strangers behind one address must not shut out the
 * tokens that hold.
 */
export function guesserKeyOf(request: Origin, digest: (client: string) => string): string {
  return digest(`guesser\n${clientNetworkOf(request)}`);
}

/**
 * The network a request came from: an IPv4 address, or the /64 of an IPv6 address, all of which one
 * household has. Exactly one hop is believed, the gateway, which puts its peer's address in the place
 * of whatever the client sent; so of several addresses only the last can be the gateway's word.
 */
export function clientNetworkOf({ headers, socket }: Origin): string {
  const forwarded = headers['x-forwarded-for'];
  const told = (Array.isArray(forwarded) ? forwarded.join() : forwarded)?.split(',').at(-1)?.trim();
  return toNetwork(told ?? '') ?? toNetwork(socket.remoteAddress ?? '') ?? 'unknown';
}

function toNetwork(address: string): string | undefined {
  if (isIPv4(address)) return address;
  const unzoned = address.split('%', 1)[0] ?? '';
  if (!isIPv6(unzoned)) return undefined;
  const groups = toGroups(unzoned);
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups[5] === 0xff_ff && groups.slice(0, 5).every((group) => group === 0);
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  const prefix = groups.slice(0, 4).map((group) => group.toString(16));
  return `${prefix.join(':')}::/64`;
}

/** The eight groups of an IPv6 address; the URL parser writes an IPv4 tail as groups. */
function toGroups(address: string): number[] {
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const front = parseGroups(head);
  const back = parseGroups(tail);
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
}

function parseGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

import { isIPv4, isIPv6 } from 'node:net';
import type { Caller } from '../auth/tokens.ts';

/** The parts of a request that show its origin. `ip` is what its trusted proxies say. */
export type Origin = {
  readonly ip: string;
  readonly socket: { readonly remoteAddress?: string | undefined };
};

/** A request and its caller, who are counted as one client. */
export type Client = { readonly request: Origin; readonly caller: Caller | undefined };

/**
 * The key under which a client is counted: a digest of the token's subject and issuer, or of the
 * network address. `digest` must be keyed, because all network addresses can be tried.
 */
export function clientKeyOf(
  { request, caller }: Client,
  digest: (client: string) => string,
): string {
  return digest(
    caller === undefined
      ? `address\n${clientNetworkOf(request)}`
      : // A subject is one line, so the newlines separate the parts unambiguously.
        `subject\n${caller.subject}\n${caller.issuer}`,
  );
}

/**
 * The key under which bad tokens are counted. It is by network address, because the subject of a
 * bad token is not authentic. It differs from the key of commands, so that bad tokens from an
 * address do not block valid tokens from it.
 */
export function guesserKeyOf(request: Origin, digest: (client: string) => string): string {
  return digest(`guesser\n${clientNetworkOf(request)}`);
}

/**
 * The network a request came from: an IPv4 address, or the /64 of an IPv6 address, which usually
 * belongs to one household. Only trusted proxies may name another address than that of the socket
 * (`runtime/src/http/headers/trusted-proxies.ts`); a text of theirs that is no address is ignored.
 */
export function clientNetworkOf({ ip, socket }: Origin): string {
  return toNetwork(ip) ?? toNetwork(socket.remoteAddress ?? '') ?? 'unknown';
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

/** The eight groups of an IPv6 address. The URL parser converts an IPv4 tail to groups. */
function toGroups(address: string): number[] {
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const front = parseGroups(head);
  const back = parseGroups(tail);
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
}

function parseGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

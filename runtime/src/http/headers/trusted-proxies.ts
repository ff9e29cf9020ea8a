import { isIP } from 'node:net';
import { Type } from 'typebox';

/**
 * The proxies before a service whose `X-Forwarded-For` is believed: their addresses and networks, or
 * how many of them each request passes. Every other sender is a client, and its socket's address
 * counts.
 */
export type TrustedProxies = readonly string[] | number;

/** Most proxies in a row before a service. */
export const MAX_PROXIES_IN_A_ROW = 8;

/** Most addresses and networks. */
export const MAX_TRUSTED_ENTRIES = 64;

/** Variables of services that count clients by network address. */
export const proxiesConfig = {
  ZAMENI_TRUSTED_PROXIES: Type.Optional(
    Type.Refine(
      Type.String({
        description:
          'Proxies that may name the address of a client (X-Forwarded-For): addresses and networks, separated by commas, or the number of proxies in a row. Without it the address of the socket counts',
        example: '127.0.0.1,10.1.0.0/16',
      }),
      areTrustedProxies,
    ),
  ),
};

/** Whether a text is the value of `ZAMENI_TRUSTED_PROXIES`. */
export function areTrustedProxies(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) <= MAX_PROXIES_IN_A_ROW;
  const entries = text.split(',');
  return entries.length <= MAX_TRUSTED_ENTRIES && entries.every(isNetwork);
}

/** Reads a checked value of `ZAMENI_TRUSTED_PROXIES`. Without one nobody is trusted. */
export function parseTrustedProxies(text: string | undefined): TrustedProxies {
  if (text === undefined) return [];
  return /^\d+$/.test(text) ? Number(text) : text.split(',');
}

/** The form that Fastify takes. Its own number of hops trusts nobody. */
export function toTrustProxy(
  proxies: TrustedProxies = [],
): string[] | ((address: string, hop: number) => boolean) | false {
  if (typeof proxies === 'number') return proxies > 0 && ((_address, hop) => hop < proxies);
  return proxies.length > 0 && [...proxies];
}

/** An address, or one with the length of its network's prefix. A prefix of 0 would be everybody. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, more] = text.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  if (bits === 0 || more !== undefined || address.includes('%')) return false;
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= bits);
}

import type { TrustedProxies } from '@zameni/runtime';
import { refuse } from './gateway-answers.ts';

/** What one source may use: an IPv4 address, or the /64 of an IPv6 address. */
export type SourceLimits = {
  /** Connections at once. */
  readonly connections: number;
  /** New connections in ten seconds. */
  readonly connectionRate: number;
  /** Requests for pages and documents in ten seconds. */
  readonly pageRate: number;
};

/** Sources that are counted at once. Each takes some hundred bytes. */
const MAX_SOURCES = '100k';

/** The part of an address that is counted: all of IPv4, the /64 of IPv6. */
const NETWORK = 'ipmask(32,64)';

/** A source of pages that is refused may ask again after so many seconds. */
const PAGE_RETRY_SECONDS = 10;

/**
 * Rules that bound the connections of one source, before anything of them is read. Trusted proxies
 * have the connections of many clients and are not bounded.
 */
export function connectionRules(limits: SourceLimits | null, proxies: TrustedProxies): string {
  const acl = `\n  acl is_proxy ${ofProxies(proxies)}`;
  if (limits === null) return acl;
  return `${acl}
  tcp-request connection track-sc1 src,${NETWORK} table sources unless is_proxy
  tcp-request connection reject if !is_proxy { sc1_conn_cur gt ${limits.connections} }
  tcp-request connection reject if !is_proxy { sc1_conn_rate gt ${limits.connectionRate} }`;
}

/**
 * Rules that tell services the address of the client. Only a trusted proxy may name another one; its
 * list is passed on with its own address at the end, and the services read it.
 */
export function addressRules(proxies: TrustedProxies): string {
  const shared = `  http-request del-header Forwarded
  http-request set-var(txn.client) src`;
  if (isNobody(proxies)) {
    return `${shared}
  # Replaces the client's own value.
  http-request set-header X-Forwarded-For %[src]`;
  }
  return `${shared}
  http-request set-var(txn.client) req.hdr_ip(X-Forwarded-For,-1) if is_proxy { req.hdr_ip(X-Forwarded-For,-1) -m found }
  http-request del-header X-Forwarded-For unless is_proxy
  http-request add-header X-Forwarded-For %[src]`;
}

/** Rules that bound the requests of one client for what `is_page` names. */
export function pageRules(limits: SourceLimits | null): string {
  if (limits === null) return '';
  return `
  http-request track-sc2 var(txn.client),${NETWORK} table page_readers if is_page
  ${refuse('rate-limited', String(PAGE_RETRY_SECONDS))} if is_page { sc2_http_req_rate gt ${limits.pageRate} }`;
}

/** The tables that the rules count in. */
export function sourceTables(limits: SourceLimits | null): string {
  if (limits === null) return '';
  return `
backend sources
  stick-table type ipv6 size ${MAX_SOURCES} expire 30s store conn_cur,conn_rate(10s)

backend page_readers
  stick-table type ipv6 size ${MAX_SOURCES} expire 30s store http_req_rate(10s)
`;
}

/** Of a number of hops the gateway itself is the last. Whoever connects to it is then a proxy. */
function ofProxies(proxies: TrustedProxies): string {
  if (isNobody(proxies)) return 'always_false';
  return typeof proxies === 'number' ? 'always_true' : `src ${proxies.join(' ')}`;
}

function isNobody(proxies: TrustedProxies): boolean {
  return proxies === 0 || (typeof proxies !== 'number' && proxies.length === 0);
}

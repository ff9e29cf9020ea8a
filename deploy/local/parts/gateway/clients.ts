import { MAX_PROXIES_IN_A_ROW, type TrustedProxies } from '@zameni/runtime';
import { refuse } from './answers.ts';

/** What one source may use: an IPv4 address, or the /64 of an IPv6 address. */
export type SourceLimits = {
  /** Connections at once. */
  readonly connections: number;
  /** New connections in ten seconds. */
  readonly connectionRate: number;
  /** Requests for pages and documents in ten seconds. */
  readonly pageRate: number;
  /** Requests at once that a service gets before their body is whole. */
  readonly unfinished: number;
};

/** Sources that are counted at once. Each takes some hundred bytes. */
const MAX_SOURCES = '100k';

/** The part of an address that is counted: all of IPv4, the /64 of IPv6. */
const NETWORK = 'ipmask(32,64)';

/** A source that is refused may ask again after so many seconds. */
const RETRY_SECONDS = 10;

/**
 * Rules that bound the connections of one source, before anything of them is read. Trusted proxies
 * have the connections of many clients and are not bounded.
 */
export function connectionRules(limits: SourceLimits | null, proxies: TrustedProxies): string {
  const acl = areProxies('is_proxy', 'src', proxies);
  if (limits === null) return acl;
  return `${acl}
  tcp-request connection track-sc1 src,${NETWORK} table sources unless is_proxy
  tcp-request connection reject if !is_proxy { sc1_conn_cur gt ${limits.connections} }
  tcp-request connection reject if !is_proxy { sc1_conn_rate gt ${limits.connectionRate} }`;
}

/**
 * Rules that find the address of the client and tell services. Only a trusted proxy may name another
 * one: its list is read from the end, past further proxies, as the services read it. It is passed on
 * with the address of that proxy at the end.
 */
export function addressRules(proxies: TrustedProxies): string {
  const shared = `  http-request del-header Forwarded
  http-request set-var(txn.client) src`;
  if (isNobody(proxies)) {
    return `${shared}
  # Replaces the client's own value.
  http-request set-header X-Forwarded-For %[src]`;
  }
  return `${shared}${areProxies('is_client_proxy', 'var(txn.client)', proxies)}
${stepsBack(proxies).join('\n')}
  http-request del-header X-Forwarded-For unless is_proxy
  http-request add-header X-Forwarded-For %[src]`;
}

/** Rules that bound the requests of one client for what `is_page` names. */
export function pageRules(limits: SourceLimits | null): string {
  if (limits === null) return '';
  return `
  http-request track-sc2 var(txn.client),${NETWORK} table page_readers if is_page
  ${refuse('rate-limited', String(RETRY_SECONDS))} if is_page { sc2_http_req_rate gt ${limits.pageRate} }`;
}

/** Rules that bound the requests of one client at once that `is_unfinished` names. */
export function unfinishedRules(limits: SourceLimits | null): string {
  if (limits === null) return '';
  return `
  http-request track-sc2 var(txn.client),${NETWORK} table uploaders if is_unfinished
  ${refuse('rate-limited', String(RETRY_SECONDS))} if is_unfinished { sc2_conn_cur gt ${limits.unfinished} }`;
}

/** The tables that the rules count in. */
export function sourceTables(limits: SourceLimits | null): string {
  if (limits === null) return '';
  return `
backend sources
  stick-table type ipv6 size ${MAX_SOURCES} expire 30s store conn_cur,conn_rate(10s)

backend page_readers
  stick-table type ipv6 size ${MAX_SOURCES} expire 30s store http_req_rate(10s)

backend uploaders
  stick-table type ipv6 size ${MAX_SOURCES} expire 30s store conn_cur
`;
}

/** An ACL for an address that is a proxy's. Of a number of proxies, each address may be one. */
function areProxies(name: string, address: string, proxies: TrustedProxies): string {
  if (isNobody(proxies)) return `\n  acl ${name} always_false`;
  if (typeof proxies === 'number') return `\n  acl ${name} always_true`;
  // A line has 64 words at most; lines of one name are alternatives.
  return proxies.map((proxy) => `\n  acl ${name} ${address} -m ip ${proxy}`).join('');
}

/** Each takes the next address of the list, if the one before is a proxy's. What is none ends it. */
function stepsBack(proxies: TrustedProxies): string[] {
  const most = typeof proxies === 'number' ? proxies : MAX_PROXIES_IN_A_ROW;
  const named = Array.from({ length: most }, (_, n) => `req.hdr_ip(X-Forwarded-For,-${n + 1})`);
  return named.map((address, n) => {
    const areThere = named.slice(0, n + 1).map((one) => `{ ${one} -m found }`);
    return `  http-request set-var(txn.client) ${address} if is_client_proxy ${areThere.join(' ')}`;
  });
}

function isNobody(proxies: TrustedProxies): boolean {
  return proxies === 0 || (typeof proxies !== 'number' && proxies.length === 0);
}

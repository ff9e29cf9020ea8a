import { randomUUID } from 'node:crypto';
import type { Connection } from '../framework/connection.ts';
import { readProblem } from '../framework/problem-answer.ts';
import { readStatus, type ServiceStatus } from '../stack/read-status.ts';
import { type Check, check, type Finding } from './report.ts';

/** Records that a projection may lag without a warning. */
const GOOD_LAG = 1_000;
/** The tolerance of token validation, plus one second because `Date` has whole seconds. */
const MAX_SKEW_MS = 6_000;
const DEADLINE_MS = 5_000;

/** Checks the gateway, its clock, the token, and every service. */
export async function checkServices(connection: Connection): Promise<Check[]> {
  const { url, stack, token } = connection;
  const { gateway, services } = await readStatus(url, stack);
  const remedy =
    stack === undefined ? `is ${url} right?` : `tail -n 30 ${stack.folders.logs}/gateway.log`;
  const checks = [
    check({ area: 'service', name: 'gateway', remedy, look: () => judgeGateway(gateway, remedy) }),
    ...(gateway.state === 'ready'
      ? [
          check({ area: 'service', name: 'token', remedy, look: () => checkToken(url, token) }),
          check({ area: 'service', name: 'clock', remedy, look: () => checkClock(url) }),
        ]
      : []),
    ...(services ?? []).map((service) => {
      const log = `tail -n 30 ${stack?.folders.logs}/${service.name}.log`;
      const look = () => judgeService(service, log);
      return check({ area: 'service', name: service.name, remedy: log, look });
    }),
  ];
  if (services !== null) {
    checks.push(
      check({
        area: 'service',
        name: 'projection',
        remedy,
        look: () => judgeProjection(services),
      }),
      check({ area: 'log', name: 'copies', remedy, look: () => judgeCopies(services) }),
      check({ area: 'service', name: 'parked', remedy, look: () => judgeParked(services) }),
      check({ area: 'service', name: 'mails', remedy, look: () => judgeMails(services) }),
      check({ area: 'service', name: 'erasures', remedy, look: () => judgeErasures(services) }),
    );
  }
  return Promise.all(checks);
}

function judgeGateway(
  gateway: { readonly url: string; readonly state: string; readonly status: number | null },
  remedy: string,
): Finding {
  const { url, state, status } = gateway;
  if (state === 'ready') return url;
  const found = status === null ? `${url} does not answer` : `${url} answers ${status}`;
  return { level: 'fail', found, remedy };
}

/** Judges the state of a service. */
export function judgeService(service: ServiceStatus, log: string): Finding {
  const { state, missing, degraded } = service;
  const fault = (level: 'warn' | 'fail', found: string) => ({ level, found, remedy: log });
  switch (state) {
    case 'ready':
      return 'ready';
    case 'degraded':
      return fault('warn', `ready, but without ${degraded.join(', ')}`);
    case 'not-ready':
      return fault('fail', `not ready, misses ${missing.join(', ') || 'something'}`);
    case 'no-answer':
      return fault('fail', 'does not answer');
    default:
      return state satisfies never;
  }
}

/** Judges whether a projector is active and keeps up. */
export function judgeProjection(services: readonly ServiceStatus[]): Finding {
  const projectors = services.filter(({ projection }) => projection !== null);
  const active = projectors.find(({ projection }) => projection?.role === 'active')?.projection;
  const standbys = projectors.filter(({ projection }) => projection?.role === 'standby').length;
  const reasons = services.flatMap(({ projection, mailer }) => [
    projection?.reason ?? '',
    mailer?.reason ?? '',
  ]);
  const mismatch = reasons.find((reason) => reason.startsWith('log-mismatch'));
  if (mismatch !== undefined) {
    const remedy = 'put the right log back, or npx zameni log adopt; deploy/runbook.md, ';
    return { level: 'fail', found: mismatch, remedy: `${remedy}"The log is another one"` };
  }
  if (active === undefined || active === null) {
    const found = 'no projector is active: nothing new becomes readable';
    return { level: 'fail', found, remedy: 'deploy/runbook.md, "The projector is not ready"' };
  }
  const lag = `${active.lag ?? '?'} records behind`;
  const found = `position ${active.position}, ${lag}, ${standbys} on standby`;
  if ((active.lag ?? 0) <= GOOD_LAG) return found;
  const remedy = 'watch npx zameni status: it should fall; deploy/runbook.md, "projection-lagging"';
  return { level: 'warn', found, remedy };
}

/** Judges what the auditor says of the copies of the log. */
export function judgeCopies(services: readonly ServiceStatus[]): Finding {
  const active = services.map(({ auditor }) => auditor).find((auditor) => auditor?.servers);
  const { servers = [], comparedUpTo = 0 } = active ?? {};
  const remedy = 'deploy/runbook.md, "A server of the log is damaged"';
  if (servers.length === 0) {
    return { level: 'warn', found: 'no auditor compares the copies of the log', remedy };
  }
  const name = (state: string) => {
    return servers.filter((one) => one.state === state).map(({ server }) => server);
  };
  const damaged = name('damaged');
  if (damaged.length > 0) {
    const [first = ''] = damaged;
    const recreate = `npx zameni purge --recreate ${first}; ${remedy}`;
    const found = `${damaged.join(', ')} lacks records that other servers have`;
    return { level: 'fail', found, remedy: recreate };
  }
  const unknown = name('unknown');
  if (unknown.length > 0) {
    const found = `${unknown.join(', ')} came back, or counts fewer records; not compared yet`;
    return { level: 'warn', found, remedy };
  }
  return `${servers.length} copies agree, contents compared up to ${comparedUpTo}`;
}

/** Judges whether records of accounts or attempts cannot be applied. */
export function judgeParked(services: readonly ServiceStatus[]): Finding {
  const counts = services.flatMap(({ projection }) => projection?.parked ?? []);
  if (counts.length === 0) return 'nobody knows the number now';
  const parked = Math.max(...counts);
  if (parked === 0) return 'no account or attempt';
  const found = `${parked} accounts or attempts; their latest changes cannot be read`;
  const remedy = 'npx zameni parked ls; deploy/runbook.md, "A parked account"';
  return { level: 'warn', found, remedy };
}

/** Judges whether there are deletion records that no eraser can do. */
export function judgeErasures(services: readonly ServiceStatus[]): Finding {
  const erasers = services.flatMap(({ eraser }) => eraser ?? []);
  const active = erasers.find(({ left }) => left !== undefined);
  if (active === undefined) {
    const found = 'no eraser is active: nothing is deleted from the log';
    return { level: 'warn', found, remedy: 'deploy/runbook.md, "The projector is not ready"' };
  }
  const { left = 0, stuck = 0, stuckReason } = active;
  if (stuck === 0) return `${left} deletion records left`;
  const found = `${stuck} deletion records cannot be done; ${stuckReason ?? 'no reason is known'}`;
  return { level: 'fail', found, remedy: 'deploy/runbook.md, "A deletion cannot be done"' };
}

/** Judges whether mails are left that no mailer sends by itself. */
export function judgeMails(services: readonly ServiceStatus[]): Finding {
  const [mails] = services.flatMap(({ mailer }) => mailer?.mails ?? []);
  if (mails === undefined) return 'no mailer knows of any';
  const { waiting, abandoned, unknown } = mails;
  if (abandoned + unknown === 0) return `${waiting} waiting, none abandoned`;
  const found = `${abandoned} abandoned, ${unknown} unknown: the mailer does not try them again`;
  const remedy = 'npx zameni messages ls --state abandoned; deploy/runbook.md, "Mail stuck"';
  return { level: 'warn', found, remedy };
}

async function checkToken(url: string, token: Connection['token']): Promise<Finding> {
  const bearer = await token();
  const remedy = 'set ZAMENI_TOKEN; npx zameni token prints one for the local stack';
  if (bearer === undefined) return { level: 'warn', found: 'there is no token to try', remedy };
  const response = await fetch(`${url}/v1/users/${randomUUID()}`, {
    headers: { authorization: `Bearer ${bearer}` },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  const { code } = readProblem(await response.text());
  // Nobody has this id, so 404 shows that the token is accepted and the read model works.
  if (response.status === 404) return 'is accepted, and reads are answered';
  if (response.status === 403) return 'is accepted (without the scope users:read)';
  return { level: 'fail', found: `${code} (${response.status})`, remedy };
}

async function checkClock(url: string): Promise<Finding> {
  const response = await fetch(`${url}/v1/users/${randomUUID()}`, {
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  await response.arrayBuffer();
  return judgeClock(response.headers.get('date'), Date.now());
}

/** Judges the difference between a server's clock and this machine's. */
export function judgeClock(date: string | null, nowMs: number): Finding {
  const serverMs = Date.parse(date ?? '');
  if (Number.isNaN(serverMs)) return 'the gateway sends no Date header';
  const skewMs = Math.abs(nowMs - serverMs);
  if (skewMs <= MAX_SKEW_MS) return 'within seconds of the gateway’s';
  const found = `${Math.round(skewMs / 1_000)} s away from the gateway’s: tokens may be refused`;
  return { level: 'fail', found, remedy: 'sudo timedatectl set-ntp true' };
}

import { MailerStatus, ProjectorStatus } from '@zameni/contracts';
import type { Stack } from '@zameni/runtime/stack';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** The part of a projector's status that the report shows. */
const ProjectionProgress = Type.Pick(
  ProjectorStatus,
  ['role', 'position', 'head', 'lag', 'parked', 'reason'],
  { title: 'ProjectionProgress' },
);

/** The part of a mailer's status that the report shows. */
const MailerProgress = Type.Pick(
  MailerStatus,
  ['role', 'position', 'head', 'lag', 'mails', 'reason'],
  {
    title: 'MailerProgress',
  },
);

/** State of one process. */
export const ServiceStatus = Type.Object(
  {
    name: Type.String(),
    url: Type.String(),
    state: Type.Enum(['ready', 'degraded', 'not-ready', 'no-answer']),
    missing: Type.Array(Type.String()),
    degraded: Type.Array(Type.String()),
    milliseconds: Type.Union([Type.Integer(), Type.Null()]),
    projection: Type.Union([ProjectionProgress, Type.Null()]),
    mailer: Type.Union([MailerProgress, Type.Null()]),
    auditor: Type.Union([ProjectorStatus.properties.auditor, Type.Null()]),
    eraser: Type.Union([ProjectorStatus.properties.eraser, Type.Null()]),
  },
  { additionalProperties: false, title: 'ServiceStatus' },
);
export type ServiceStatus = Static<typeof ServiceStatus>;

/** State of a process that watches the stack. */
export const WatcherStatus = Type.Object(
  {
    name: Type.String(),
    url: Type.String(),
    state: Type.Enum(['ready', 'no-answer']),
    milliseconds: Type.Union([Type.Integer(), Type.Null()]),
  },
  { additionalProperties: false, title: 'WatcherStatus' },
);
export type WatcherStatus = Static<typeof WatcherStatus>;

/** Output of `zameni status --json`. */
export const StatusReport = Type.Object(
  {
    isHealthy: Type.Boolean(),
    gateway: Type.Object(
      {
        url: Type.String(),
        state: Type.Enum(['ready', 'not-ready', 'no-answer']),
        status: Type.Union([Type.Integer(), Type.Null()]),
        milliseconds: Type.Union([Type.Integer(), Type.Null()]),
      },
      { additionalProperties: false },
    ),
    services: Type.Union([Type.Array(ServiceStatus), Type.Null()], {
      description: 'null when the gateway is not that of a local stack',
    }),
    telemetry: Type.Union([Type.Array(WatcherStatus), Type.Null()], {
      description: 'null when nothing watches the stack; what does is no part of its health',
    }),
  },
  { additionalProperties: false, title: 'StatusReport' },
);
export type StatusReport = Static<typeof StatusReport>;

/** Milliseconds per request. */
const DEADLINE_MS = 3_000;
/** Any id works: without a token the query API answers 401 before it reads anything. */
const PROBE_PATH = '/v1/users/00000000-0000-4000-8000-000000000000';

const Readiness = Compile(
  Type.Object({ missing: Type.Array(Type.String()), degraded: Type.Array(Type.String()) }),
);
const projectorCheck = Compile(ProjectorStatus);
const mailerCheck = Compile(MailerStatus);

/** Asks the gateway and, on a local stack, every service behind it. */
export async function readStatus(url: string, stack: Stack | undefined): Promise<StatusReport> {
  const [gateway, services, telemetry] = await Promise.all([
    readGateway(url),
    stack === undefined ? null : Promise.all(stack.services.map(readService)),
    stack === undefined || stack.telemetry === null ? null : readWatchers(stack.telemetry),
  ]);
  const isHealthy =
    gateway.state === 'ready' &&
    (services ?? []).every(({ state }) => state === 'ready' || state === 'degraded');
  return { isHealthy, gateway, services, telemetry };
}

async function readGateway(url: string): Promise<StatusReport['gateway']> {
  const answer = await ask(`${url}${PROBE_PATH}`);
  if (answer === undefined) return { url, state: 'no-answer', status: null, milliseconds: null };
  const { status, milliseconds } = answer;
  // Only the query API answers 401. Any other status comes from something in front of it.
  return { url, state: status === 401 ? 'ready' : 'not-ready', status, milliseconds };
}

async function readService(service: Stack['services'][number]): Promise<ServiceStatus> {
  const { name, url } = service;
  const isProjector = service.service === 'projector';
  const isMailer = service.service === 'mailer';
  const [ready, status] = await Promise.all([
    ask(`${url}/readyz`),
    isProjector || isMailer ? ask(`${url}/status`) : undefined,
  ]);
  const readiness = Readiness.Check(ready?.body) ? ready.body : { missing: [], degraded: [] };
  const view = status?.body;
  return {
    name,
    url,
    state: stateOf(ready?.status, readiness.degraded.length > 0),
    missing: readiness.missing,
    degraded: readiness.degraded,
    milliseconds: ready?.milliseconds ?? null,
    projection: isProjector && projectorCheck.Check(view) ? toProgress(view) : null,
    mailer: isMailer && mailerCheck.Check(view) ? toMailerProgress(view) : null,
    auditor: isProjector && projectorCheck.Check(view) ? view.auditor : null,
    eraser: isProjector && projectorCheck.Check(view) ? view.eraser : null,
  };
}

function readWatchers(telemetry: NonNullable<Stack['telemetry']>): Promise<WatcherStatus[]> {
  const { prometheusUrl, jaegerUrl, receiverUrl } = telemetry;
  const watchers = [
    { name: 'prometheus', url: prometheusUrl, path: '/-/ready' },
    ...(jaegerUrl === null ? [] : [{ name: 'jaeger', url: jaegerUrl, path: '/api/v3/services' }]),
    { name: 'trace-receiver', url: receiverUrl, path: '/livez' },
  ];
  return Promise.all(
    watchers.map(async ({ name, url, path }): Promise<WatcherStatus> => {
      const answer = await ask(`${url}${path}`);
      const state = answer?.status === 200 ? 'ready' : 'no-answer';
      return { name, url, state, milliseconds: answer?.milliseconds ?? null };
    }),
  );
}

function toProgress({ role, position, head, lag, parked, reason }: ProjectorStatus) {
  return { role, position, head, lag, parked, ...orNothing(reason) };
}

function toMailerProgress({ role, position, head, lag, mails, reason }: MailerStatus) {
  return { role, position, head, lag, mails, ...orNothing(reason) };
}

function orNothing(reason: string | undefined) {
  return reason === undefined ? {} : { reason };
}

function stateOf(status: number | undefined, isDegraded: boolean): ServiceStatus['state'] {
  if (status === undefined) return 'no-answer';
  if (status !== 200) return 'not-ready';
  return isDegraded ? 'degraded' : 'ready';
}

type JsonAnswer = {
  readonly status: number;
  readonly body: unknown;
  readonly milliseconds: number;
};

async function ask(url: string): Promise<JsonAnswer | undefined> {
  const startedAt = performance.now();
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const response = await fetch(url, { signal, redirect: 'manual' });
    const text = await response.text();
    const milliseconds = Math.round(performance.now() - startedAt);
    return { status: response.status, body: parseJson(text), milliseconds };
  } catch {
    // Every failure counts as no answer.
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The status is reported without the body.
    return undefined;
  }
}

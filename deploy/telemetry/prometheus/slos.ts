import { METRICS } from '@zameni/runtime/instruments';
import type { GatewayService } from './gateway-faults.ts';
import { NO_FAULTS, TELLING, UNASKED } from './http-answers.ts';
import { JOBS } from './jobs.ts';
import { bucketOf, countOf, type Labels, labelOf } from './own-series.ts';

/** A promise about a share of events, by series that count them. */
export type Slo = {
  /** Name in rules and alerts. */
  readonly key: 'accept' | 'readable' | 'read';
  /** What is promised, as a sentence. */
  readonly promise: string;
  readonly objective: number;
  /** Every event, and those that are as promised: selectors of counters. */
  readonly all: string;
  readonly good: string;
  /** The service for which the gateway may answer 5xx itself. Each of these is an event too. */
  readonly gateway?: GatewayService;
  readonly runbook: string;
  readonly panel: string;
};

const { requestDuration } = METRICS.http;
const { readableDuration } = METRICS.projection;
const METHOD = labelOf('http.request.method');
const ROUTE = labelOf('http.route');

const COUNTED: Labels = { ...TELLING, ...UNASKED };

/** Imports take as long as their upload, and `DELETE` waits for every store. */
const COMMANDS: Labels = {
  job: JOBS.commandApi,
  [METHOD]: '~POST|PATCH',
  [ROUTE]: '~/v1/(registrations|email-verifications|users/).*',
  ...COUNTED,
};

const QUERIES: Labels = { job: JOBS.queryApi, [METHOD]: 'GET', [ROUTE]: '~/v1/.+', ...COUNTED };

const OBJECTIVE = 0.999;

/** The promises. DECISIONS.md has the reasons of bounds and objective. */
export const SLOS: readonly Slo[] = [
  {
    key: 'accept',
    promise: 'Commands are answered within 1 s and without a fault of ours (5xx)',
    objective: OBJECTIVE,
    all: countOf(requestDuration, COMMANDS),
    good: bucketOf(requestDuration, 1, { ...COMMANDS, ...NO_FAULTS }),
    gateway: JOBS.commandApi,
    runbook: 'an-error-budget-burns',
    panel: 'overview/budget',
  },
  {
    key: 'readable',
    promise: 'What was accepted can be read within 1 s',
    objective: OBJECTIVE,
    all: countOf(readableDuration),
    good: bucketOf(readableDuration, 1),
    runbook: 'the-read-model-lags',
    panel: 'projections/readable',
  },
  {
    key: 'read',
    promise: 'Reads are answered within 0.5 s and without a fault of ours (5xx)',
    objective: OBJECTIVE,
    all: countOf(requestDuration, QUERIES),
    good: bucketOf(requestDuration, 0.5, { ...QUERIES, ...NO_FAULTS }),
    gateway: JOBS.queryApi,
    runbook: 'an-error-budget-burns',
    panel: 'overview/budget',
  },
];

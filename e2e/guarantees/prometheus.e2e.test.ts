import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { readTestStack } from '@zameni/runtime/testing';
import test from 'ava';
import { ownPeople, readPeople } from '../demo/people.ts';
import { queries } from '../../deploy/telemetry/grafana/queries.ts';
import { NODE_SERIES, SERVER_SERIES } from '../../deploy/telemetry/prometheus/server-series.ts';
import { projectorsOf, untilActive } from '../fail-over/projectors.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';
import { runLively } from '../telemetry/lively-run.ts';
import { startOwnPrometheus } from '../telemetry/own-prometheus.ts';
import {
  type Alert,
  createPrometheusApi,
  type PrometheusApi,
} from '../telemetry/prometheus-api.ts';

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'prometheus');
test.after.always(() => actors[Symbol.asyncDispose]());

/** Prometheus scrapes the stack every five seconds. */
const SCRAPED_MS = 40_000;
const POLL_MS = 500;

/** Times of alerts are so much shorter in the test: seconds instead of minutes. */
const SCALE = 0.03;

const ALERT_MS = 30_000;

function prometheusOfStack(): PrometheusApi {
  if (stack.telemetry === null) throw new Error('the stack runs without telemetry');
  return createPrometheusApi(stack.telemetry.prometheusUrl);
}

/**
 * The series of servers and libraries that rules and dashboards name: all are scraped. The local
 * stack has no certificates, all of it is on loopback. A histogram has a sum.
 */
const SCRAPED = Object.values({ ...SERVER_SERIES, ...NODE_SERIES })
  .filter((name) => name !== SERVER_SERIES.certificateEnd)
  .map((name) => ({ name, expr: `{__name__=~"${name}(_sum)?"}`, mayBeEmpty: undefined }));

/** Asks again until nothing is left, or the time is over. Returns what is left. */
async function untilNone<T>(deadlineMs: number, ask: () => Promise<readonly T[]>) {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const left = await ask();
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(POLL_MS);
  }
}

test.serial('Prometheus reaches every process of the stack', async (t) => {
  const api = prometheusOfStack();
  const expected = stack.telemetry?.metrics.map(({ job, instance }) => `${job} ${instance}`) ?? [];
  const faults = await untilNone(SCRAPED_MS, async () => {
    const targets = await api.targets();
    const up = targets.filter(({ isUp }) => isUp).map(({ job, instance }) => `${job} ${instance}`);
    const down = targets.filter(({ isUp }) => !isUp);
    return [...down, ...expected.filter((target) => !up.includes(target))];
  });
  t.deepEqual(faults, []);
  t.true(expected.length > 10);
});

test.serial(
  'every query of every dashboard, and every series of servers, finds data after a demo',
  async (t) => {
    t.timeout(120_000);
    const api = prometheusOfStack();
    const people = ownPeople(readPeople(), `m${randomUUID().slice(0, 8)}`).slice(0, 60);
    await runLively(system, actors, { label: 'prometheus', people });
    const all = [...queries(), ...SCRAPED];
    const empty = await untilNone(SCRAPED_MS, async () => {
      // Nobody in the cache: the replica is asked. Its lag is shown only while it is.
      await actors.operator.readUser({ params: { id: randomUUID() } });
      const answers = await Promise.all(
        all.map(async (query) => ({ ...query, samples: await api.query(query.expr) })),
      );
      return answers
        .filter(({ samples, mayBeEmpty }) => samples.length === 0 && mayBeEmpty === undefined)
        .map(({ name, expr }) => `${name}: ${expr}`);
    });
    t.deepEqual(empty, []);
    t.log(`${all.length} queries`);
  },
);

test.serial('an alert fires while no projector works, and clears', async (t) => {
  t.timeout(120_000);
  await using own = await startOwnPrometheus(stack, { name: 'own-prometheus', scale: SCALE });
  const firing = async (name: Alert['name']) => {
    const alerts = await own.api.alerts();
    return alerts.some((alert) => alert.name === name && alert.state === 'firing');
  };
  const until = (name: string, isFiring: boolean) =>
    untilNone(ALERT_MS, async () => ((await firing(name)) === isFiring ? [] : [name]));
  await untilNone(SCRAPED_MS, async () => (await own.api.targets()).filter(({ isUp }) => !isUp));
  t.deepEqual(await until('ReadModelLags', false), []);

  const projectors = projectorsOf(stack, readTestStack);
  for (const { signal } of projectors) await signal('SIGSTOP');
  try {
    await actors.register(personAt('waits@prometheus.example.org'));
    t.deepEqual(await until('ReadModelLags', true), []);
    t.deepEqual(await until('ProjectionWithoutLeader', true), []);
  } finally {
    for (const { signal } of projectors) await signal('SIGCONT');
  }
  await untilActive(projectors);
  t.deepEqual(await until('ReadModelLags', false), []);
  t.deepEqual(await until('ProjectionWithoutLeader', false), []);
});

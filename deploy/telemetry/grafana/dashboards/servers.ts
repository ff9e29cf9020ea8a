import { METRICS } from '@zameni/runtime/instruments';
import { JOBS } from '../../prometheus/jobs.ts';
import { series } from '../../prometheus/own-series.ts';
import { NODE_SERIES, ofServer, SERVER_SERIES as S } from '../../prometheus/server-series.ts';
import { THRESHOLDS } from '../../prometheus/thresholds.ts';
import type { Dashboard } from '../dashboard.ts';
import { CHOSEN, rate, sumRate } from '../promql.ts';
import { POOL_ROW } from './pools.ts';

const { process } = METRICS;
const by = (label: string, name: string) => `max by (${label}) (${ofServer(name)})`;

/** Processes of Node, pools, and servers. */
export const SERVERS: Dashboard = {
  key: 'servers',
  uid: 'zameni-servers',
  title: 'Zameni: Node and servers',
  description: 'CPU, memory, event loops, pools, NATS, Postgres, gateway, disks.',
  jobs: [JOBS.commandApi, JOBS.queryApi, JOBS.projector, JOBS.mailer],
  rows: [
    {
      title: 'Processes',
      panels: [
        {
          key: 'up',
          id: 1,
          title: 'Up',
          description: '1 if the process serves metrics, or the server answers its exporter.',
          unit: 'none',
          queries: [
            { expr: `min by (job, instance) (${ofServer(S.up)})`, legend: '{{job}} {{instance}}' },
            { expr: `min by (server) (${ofServer(S.natsUp)})`, legend: 'nats {{server}}' },
            {
              expr: `min by (instance) (${ofServer(S.postgresUp)})`,
              legend: 'postgres of {{instance}}',
            },
            { expr: `min by (instance) (${ofServer(S.redisUp)})`, legend: 'redis of {{instance}}' },
            { expr: `min(${ofServer(S.pgbouncerUp)})`, legend: 'pgbouncer' },
          ],
          runbook: 'a-server-or-a-process-is-down',
        },
        {
          key: 'cpu',
          id: 2,
          title: 'CPU',
          description: 'Cores that each process uses.',
          unit: 'short',
          queries: [{ expr: rate(series(process.cpuTime, CHOSEN)), legend: '{{instance}}' }],
        },
        {
          key: 'memory',
          id: 3,
          title: 'Memory',
          description: 'Resident set and used heap.',
          unit: 'bytes',
          queries: [
            { expr: series(process.memory, CHOSEN), legend: '{{instance}}' },
            {
              expr: `sum by (instance) (${ofServer(NODE_SERIES.heapUsed, CHOSEN)})`,
              legend: '{{instance}} heap',
            },
          ],
        },
        {
          key: 'event-loop',
          id: 4,
          title: 'Delay of the event loop, p99',
          description: 'One turn in a hundred takes as long. It includes the 10 ms of its timer.',
          unit: 's',
          queries: [{ expr: ofServer(NODE_SERIES.eventLoopDelay, CHOSEN), legend: '{{instance}}' }],
          thresholds: [{ from: THRESHOLDS.eventLoopDelaySeconds, color: 'red' }],
          runbook: '503-overloaded',
        },
        {
          key: 'event-loop-use',
          id: 5,
          title: 'Use of the event loop',
          description: 'Share of the time in which it is not idle.',
          unit: 'percentunit',
          queries: [
            { expr: ofServer(NODE_SERIES.eventLoopUtilization, CHOSEN), legend: '{{instance}}' },
          ],
          runbook: '503-overloaded',
        },
        {
          key: 'gc',
          id: 6,
          title: 'Garbage collection',
          description: 'Share of the time.',
          unit: 'percentunit',
          queries: [
            {
              expr: sumRate(ofServer(`${NODE_SERIES.gcDuration}_sum`, CHOSEN), ['instance']),
              legend: '{{instance}}',
            },
          ],
        },
        {
          key: 'uptime',
          id: 7,
          title: 'Time since the start',
          description: 'A saw shows a process that dies again and again.',
          unit: 'dtdurations',
          queries: [{ expr: series(process.uptime, CHOSEN), legend: '{{instance}}' }],
          runbook: 'a-process-of-the-stack-died',
        },
      ],
    },
    POOL_ROW,
    {
      title: 'Servers',
      panels: [
        {
          key: 'nats',
          id: 20,
          title: 'NATS: memory',
          description: 'By server.',
          unit: 'bytes',
          queries: [{ expr: by('server', S.natsMemory), legend: '{{server}}' }],
        },
        {
          key: 'nats-clients',
          id: 21,
          title: 'NATS: connections and slow consumers',
          description: 'A slow consumer was cut off, because it did not read.',
          unit: 'short',
          queries: [
            { expr: by('server', S.natsConnections), legend: '{{server}}' },
            { expr: by('server', S.natsSlowConsumers), legend: '{{server}} slow consumers' },
          ],
        },
        {
          key: 'gateway-servers',
          id: 22,
          title: 'Gateway: processes that are ready',
          description: 'By service.',
          unit: 'none',
          queries: [{ expr: by('proxy', S.gatewayServers), legend: '{{proxy}}' }],
          runbook: 'a-server-or-a-process-is-down',
        },
        {
          key: 'gateway-sessions',
          id: 23,
          title: 'Gateway: sessions',
          description: 'Connections of clients.',
          unit: 'short',
          queries: [{ expr: by('proxy', S.gatewaySessions), legend: '{{proxy}}' }],
        },
        {
          key: 'disk',
          id: 24,
          title: 'Free disk',
          description: 'Share that is free, by folder.',
          unit: 'percentunit',
          queries: [
            {
              expr: `min by (folder) (${ofServer(S.diskFree)} / ${ofServer(S.diskSize)})`,
              legend: '{{folder}}',
            },
          ],
          runbook: 'a-disk-is-nearly-full',
        },
        {
          key: 'certificates',
          id: 25,
          title: 'Certificates: time left',
          description: 'By file.',
          unit: 'dtdurations',
          queries: [
            {
              expr: `min by (file) (${ofServer(S.certificateEnd)} - time())`,
              legend: '{{file}}',
              mayBeEmpty: 'the local stack has no certificates: all of it is on loopback',
            },
          ],
          runbook: 'a-certificate-expires',
        },
        {
          key: 'readable',
          id: 26,
          title: 'Watched files and folders',
          description: '0 if the exporter cannot read one.',
          unit: 'none',
          queries: [
            {
              expr: `min by (folder, file) (${ofServer(S.readable)})`,
              legend: '{{folder}}{{file}}',
            },
          ],
          runbook: 'the-exporter-cannot-read-a-file',
        },
      ],
    },
  ],
};

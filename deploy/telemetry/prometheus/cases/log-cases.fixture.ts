import { METRICS } from '@zameni/runtime/instruments';
import { countOf, labelOf, series } from '../own-series.ts';
import { ofServer, SERVER_SERIES as S } from '../server-series.ts';
import type { AlertCase } from './alert-case.fixture.ts';

const { commit, work } = METRICS;
const KIND = labelOf('zameni.registration.kind');
const leader = (server: string) => ofServer(S.streamLeader, { stream: 'ACCOUNTS', server });
const bytes = ofServer(S.streamBytes, { stream: 'ACCOUNTS', server: 'n1' });
const natsUp = (server: string) => ofServer(S.natsUp, { server });
const UP = { [natsUp('n1')]: '1x30', [natsUp('n2')]: '0x30' };
const bounds = {
  [series(commit.roomBound, { [KIND]: 'public', instance: 'command-api-1' })]: '0.5x30',
  [series(commit.roomBound, { [KIND]: 'public', instance: 'command-api-2' })]: '0.6x30',
  [series(commit.roomBound, { [KIND]: 'vouched', instance: 'command-api-1' })]: '0.2x30',
};
const attempts = (live: number, most: number) => ({
  [series(commit.liveAttempts, { instance: 'command-api-1' })]: `${live}x30`,
  [series(commit.maxLiveAttempts, { instance: 'command-api-1' })]: `${most}x30`,
});
const maxBytes = ofServer(S.streamMaxBytes, { stream: 'ACCOUNTS', server: 'n1' });
const replica = { stream: 'ACCOUNTS', server: 'n1', replica: 'n3' };
const conflicts = series(commit.conflicts, { instance: 'command-api-1' });
const tries = countOf(commit.duration, { instance: 'command-api-1' });

const copy = (state: string) =>
  series(work.logCopies, {
    [labelOf('zameni.log.server')]: 'n2',
    [labelOf('zameni.log.copy.state')]: state,
    instance: 'projector-1',
  });

/** When alerts about the log fire. */
export const LOG_CASES: readonly AlertCase[] = [
  {
    alert: 'LogWithoutLeader',
    fires: { [leader('n1')]: '0x30', [leader('n2')]: '0x30', ...UP },
    // The servers answer, and know no stream.
    alsoFires: UP,
    silent: [
      { [leader('n1')]: '0x30', [leader('n2')]: '1x30', ...UP },
      // Only our exporter has died.
      { [leader('n1')]: '1x10 stale', [natsUp('n1')]: '1x10 stale' },
    ],
  },
  {
    alert: 'LogServerDown',
    fires: { [natsUp('n1')]: '1x30', [natsUp('n2')]: '0x30' },
    labels: { job: 'exporter', server: 'n2' },
    silent: [
      { [natsUp('n2')]: '1x19 0x10' },
      // A server of somebody else.
      { [ofServer(S.natsUp, { job: 'other', server: 'n2' })]: '0x30' },
    ],
  },
  {
    alert: 'LogReplicaBehind',
    fires: {
      [ofServer(S.streamReplicaLag, replica)]: '0x30',
      [ofServer(S.streamReplicaCurrent, replica)]: '0x30',
    },
    labels: { replica: 'n3' },
    silent: [
      {
        [ofServer(S.streamReplicaLag, replica)]: '900x30',
        [ofServer(S.streamReplicaCurrent, replica)]: '1x30',
      },
    ],
  },
  {
    alert: 'LogCopyDamaged',
    fires: { [copy('damaged')]: '0x10 1x20', [copy('unknown')]: '0x30' },
    labels: { [labelOf('zameni.log.server')]: 'n2' },
    // The auditor that knew of it stopped five minutes ago.
    alsoFires: { [copy('damaged')]: '0x10 1x5 stale' },
    silent: [
      { [copy('damaged')]: '0x30', [copy('unknown')]: '1x30' },
      // It was mended a quarter of an hour ago.
      { [copy('damaged')]: '1x5 0x25', [copy('healthy')]: '0x5 1x25' },
    ],
  },
  {
    alert: 'LogCopyUnknown',
    fires: { [copy('unknown')]: '1x30' },
    labels: { [labelOf('zameni.log.server')]: 'n2' },
    silent: [{ [copy('unknown')]: '0x10 1x10' }],
  },
  {
    alert: 'LogNearBound',
    fires: { [bytes]: '41x30', [maxBytes]: '100x30', ...bounds },
    silent: [{ [bytes]: '39x30', [maxBytes]: '100x30', ...bounds }],
  },
  {
    alert: 'LogRefusesPublic',
    fires: { [bytes]: '50x30', [maxBytes]: '100x30', ...bounds },
    silent: [{ [bytes]: '49x30', [maxBytes]: '100x30', ...bounds }],
  },
  {
    alert: 'AttemptsNearBound',
    fires: attempts(81, 100),
    silent: [attempts(80, 100), attempts(81, 1_000)],
  },
  {
    alert: 'ConflictStorm',
    fires: { [conflicts]: '0+600x30', [tries]: '0+1000x30' },
    silent: [
      { [conflicts]: '0+400x30', [tries]: '0+1000x30' },
      // One conflict in two groups an hour is no storm.
      { [conflicts]: '0+1x30', [tries]: '0+1x30' },
    ],
  },
];

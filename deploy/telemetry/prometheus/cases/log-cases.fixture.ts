import { METRICS } from '@zameni/runtime/instruments';
import { countOf, labelOf, series } from '../own-series.ts';
import { SERVER_SERIES as S } from '../server-series.ts';
import type { AlertCase } from './alert-case.fixture.ts';

const { commit, work } = METRICS;
const KIND = labelOf('zameni.registration.kind');
const leader = (server: string) => `${S.streamLeader}{stream="ACCOUNTS",server="${server}"}`;
const bytes = `${S.streamBytes}{stream="ACCOUNTS",server="n1"}`;
const UP = { [`${S.natsUp}{server="n1"}`]: '1x30', [`${S.natsUp}{server="n2"}`]: '0x30' };
const bounds = {
  [series(commit.roomBound, { [KIND]: 'public', instance: 'command-api-1' })]: '0.5x30',
  [series(commit.roomBound, { [KIND]: 'public', instance: 'command-api-2' })]: '0.6x30',
  [series(commit.roomBound, { [KIND]: 'vouched', instance: 'command-api-1' })]: '0.2x30',
};
const attempts = (live: number, most: number) => ({
  [series(commit.liveAttempts, { instance: 'command-api-1' })]: `${live}x30`,
  [series(commit.maxLiveAttempts, { instance: 'command-api-1' })]: `${most}x30`,
});
const maxBytes = `${S.streamMaxBytes}{stream="ACCOUNTS",server="n1"}`;
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
      { [leader('n1')]: '1x10 stale', [`${S.natsUp}{server="n1"}`]: '1x10 stale' },
    ],
  },
  {
    alert: 'LogServerDown',
    fires: { [`${S.natsUp}{server="n1"}`]: '1x30', [`${S.natsUp}{server="n2"}`]: '0x30' },
    labels: { server: 'n2' },
    silent: [{ [`${S.natsUp}{server="n2"}`]: '1x19 0x10' }],
  },
  {
    alert: 'LogReplicaBehind',
    fires: {
      [withLabels(S.streamReplicaLag, replica)]: '0x30',
      [withLabels(S.streamReplicaCurrent, replica)]: '0x30',
    },
    labels: { replica: 'n3' },
    silent: [
      {
        [withLabels(S.streamReplicaLag, replica)]: '900x30',
        [withLabels(S.streamReplicaCurrent, replica)]: '1x30',
      },
    ],
  },
  {
    alert: 'LogCopyDamaged',
    fires: { [copy('damaged')]: '0x10 1x20', [copy('unknown')]: '0x30' },
    labels: { [labelOf('zameni.log.server')]: 'n2' },
    silent: [{ [copy('damaged')]: '0x30', [copy('unknown')]: '1x30' }],
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

function withLabels(name: string, labels: Readonly<Record<string, string>>): string {
  const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${text.join(',')}}`;
}

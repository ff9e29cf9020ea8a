import type { NatsConnection } from '@nats-io/transport-node';
import test from 'ava';
import { createReadStreamInfo } from './stream-info.ts';

const { signal } = new AbortController();

/** A connection on which every request gets the reply. */
function answering(reply: unknown) {
  const requests: string[] = [];
  const request = async (subject: string, body: string) => {
    requests.push(`${subject} ${body}`);
    return { json: () => reply };
  };
  const nc = { request } as unknown as NatsConnection;
  const options = { stream: 'S', user: 'admin', deadlineMs: 1_000 };
  return { requests, read: createReadStreamInfo(nc, options) };
}

const known = { config: {}, state: { last_seq: 7, bytes: 1 } };
const follower = (name: string, activeMs: number, offline = false) => ({
  name,
  current: true,
  active: activeMs * 1_000_000,
  offline,
});
const led = (...replicas: unknown[]) => ({ ...known, cluster: { leader: 'n1', replicas } });

test('a leader that hears of a majority is believed', async (t) => {
  const { read, requests } = answering(led(follower('n2', 900), follower('n3', 60_000)));
  t.is((await read(signal, 'a.b')).state.last_seq, 7);
  t.regex(requests[0] ?? '', /STREAM\.INFO\.S \{"subjects_filter":"a\.b"\}$/);
});

test('a single server needs no leader', async (t) => {
  t.is((await answering(known).read(signal)).state.last_seq, 7);
});

const refuses = test.macro<[unknown]>({
  title: (what) => `no answer counts of ${what}`,
  exec: async (t, reply) => {
    await t.throwsAsync(answering(reply).read(signal), { name: 'LeaderlessError' });
  },
});
const { cluster } = led(follower('n2', 100), follower('n3', 100));
test('a server that sees no leader', refuses, { ...known, cluster: { ...cluster, leader: '' } });
test('a server that names none', refuses, { ...known, cluster: { replicas: cluster.replicas } });
test(
  'a leader that heard of nobody lately',
  refuses,
  led(follower('n2', 4_000), follower('n3', 4_000)),
);
test(
  'a leader whose others are offline',
  refuses,
  led(follower('n2', 1, true), follower('n3', 1, true)),
);

test('an error and a reply of another form are faults', async (t) => {
  await t.throwsAsync(answering({ error: { err_code: 10059 } }).read(signal), { message: /10059/ });
  await t.throwsAsync(answering({}).read(signal), { message: /not of our form/ });
});

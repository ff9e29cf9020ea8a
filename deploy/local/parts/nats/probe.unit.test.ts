import test from 'ava';
import { findLeaderless } from './probe.ts';

const led = { leader: 'n1' };

test('finds nothing when the cluster and all streams have a leader', (t) => {
  const account_details = [{ stream_detail: [{ name: 'ACCOUNTS', cluster: led }] }];
  t.is(findLeaderless({ meta_cluster: led, account_details }), null);
  t.is(findLeaderless({ meta_cluster: led }), null);
});

test('finds a cluster without a leader', (t) => {
  t.is(findLeaderless({ meta_cluster: {} }), 'the cluster');
  t.is(findLeaderless({}), 'the cluster');
});

test('finds a stream without a leader in a cluster that has one', (t) => {
  const account_details = [{ stream_detail: [{ name: 'ACCOUNTS', cluster: { leader: '' } }] }];
  t.is(findLeaderless({ meta_cluster: led, account_details }), 'stream ACCOUNTS');
});

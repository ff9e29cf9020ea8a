import test from 'ava';
import { listeningInodes, readLsof } from './port-holder.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 71001 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 71002 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 71003 1 0000000000000000 100 0 0 10 0
`;

test('finds the socket that listens on a port, not those connected to it', (t) => {
  t.deepEqual(listeningInodes(TABLE, 8080), ['71001']);
  t.deepEqual(listeningInodes(TABLE, 80), ['71003']);
});

test('finds nothing for a free port', (t) => {
  t.deepEqual(listeningInodes(TABLE, 8081), []);
});

test('reads the pid and the command from the output of lsof', (t) => {
  t.is(readLsof('p4711\ncnginx\nf6\n'), 'pid 4711 (nginx)');
  t.is(readLsof(''), null);
});

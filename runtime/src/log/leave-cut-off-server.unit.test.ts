import test from 'ava';
import { waitUntil } from '../testing/wait.ts';
import { leaveCutOffServer } from './leave-cut-off-server.ts';

/** A connection that counts how often it is made again, and can be closed. */
function createConnection() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let moves = 0;
  return {
    nc: {
      closed: () => promise,
      reconnect: async () => {
        moves += 1;
      },
    },
    moves: () => moves,
    close: () => resolve(),
  };
}

const quick = { lookMs: 2, patienceMs: 30 };

test('a server without the log is left, again and again', async (t) => {
  const { nc, moves, close } = createConnection();
  const look = async () => Promise.reject(new Error('no leader'));
  const leaving = leaveCutOffServer(nc, { ...quick, look });
  await waitUntil(() => moves() > 1);
  close();
  await leaving;
  t.pass();
});

test('a server is not left for one missing answer, and not after the end', async (t) => {
  const { nc, moves, close } = createConnection();
  let looks = 0;
  const look = async () => {
    looks += 1;
    if (looks % 2 === 0) throw new Error('an election');
  };
  const leaving = leaveCutOffServer(nc, { ...quick, look });
  await waitUntil(() => looks > 30);
  close();
  await leaving;
  t.is(moves(), 0);
});

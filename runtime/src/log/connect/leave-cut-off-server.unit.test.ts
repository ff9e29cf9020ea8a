import test from 'ava';
import { waitUntil } from '../../testing/wait.ts';
import { leaveCutOffServer } from './leave-cut-off-server.ts';

/** A connection that counts how often it is made again, and can be closed. */
function createConnection(name?: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let moves = 0;
  return {
    nc: {
      closed: () => promise,
      ...(name === undefined ? {} : { info: { server_name: name } }),
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
  const leaving = leaveCutOffServer(nc, { ...quick, patienceMs: 5_000, look });
  await waitUntil(() => looks > 30);
  close();
  await leaving;
  t.is(moves(), 0);
});

test('a server that was left before and has the log again is left as late as any other', async (t) => {
  const { nc, moves, close } = createConnection('n1');
  let looks = 0;
  const look = async () => {
    looks += 1;
    // The library chose the same server again, and there the log is away at times.
    if (moves() === 0 || looks % 2 === 0) throw new Error('no leader');
  };
  const leaving = leaveCutOffServer(nc, { ...quick, patienceMs: 200, look });
  await waitUntil(() => moves() > 0);
  const since = looks;
  await waitUntil(() => looks > since + 20);
  close();
  await leaving;
  t.true(moves() <= 2, `left ${moves()} times`);
});

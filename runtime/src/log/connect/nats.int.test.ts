import { ACCOUNTS_STREAM } from '@zameni/contracts';
import test from 'ava';
import { readSecret } from '../../keys/secret-file.ts';
import { readTestStack } from '../../testing/index.ts';
import { connectNatsAnywhere, connectNatsNearLeader, type NatsOptions } from './nats.ts';
import { createReadLogServers } from '../servers/states.ts';

const user = 'admin';

async function readOptions(): Promise<NatsOptions> {
  const { nats } = await readTestStack();
  const login = nats.users[user];
  if (login === undefined) throw new Error('the stack has no admin');
  const password = readSecret(login.passwordFile);
  return { servers: nats.servers, user, password, name: 'near-leader-test' };
}

test('connects to the server that leads a stream', async (t) => {
  const options = await readOptions();
  const nc = await connectNatsNearLeader(options, ACCOUNTS_STREAM.name);
  t.teardown(() => nc.close());
  const read = createReadLogServers(nc, { stream: ACCOUNTS_STREAM.name, user });
  t.is(nc.info?.server_name, (await read(AbortSignal.timeout(5_000))).leader);
});

test('connects to any server if nobody knows the leader', async (t) => {
  const nc = await connectNatsNearLeader(await readOptions(), 'NO_SUCH_STREAM');
  t.teardown(() => nc.close());
  t.false(nc.isClosed());
});

test('a dead server in the list is passed over', async (t) => {
  const options = await readOptions();
  const servers = ['127.0.0.1:9', ...options.servers];
  const nc = await connectNatsNearLeader({ ...options, servers }, ACCOUNTS_STREAM.name);
  t.teardown(() => nc.close());
  t.false(nc.isClosed());
});

for (const connect of [connectNatsAnywhere, connectNatsNearLeader]) {
  test(`${connect.name} leaves a server that never hears of a leader`, async (t) => {
    // No server ever leads this one.
    const nc = await connect(await readOptions(), 'NO_SUCH_STREAM');
    t.teardown(() => nc.close());
    for await (const { type } of nc.status()) {
      if (type === 'reconnect') break;
    }
    t.false(nc.isClosed());
  });
}

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { AppError } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import { createImportSlots } from './slots.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';

/** Returns the responses of a server and a client connection on which `text` was sent. */
async function ask(t: ExecutionContext, text: string, count: number) {
  const responses: ServerResponse[] = [];
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    responses.push(response);
    if (responses.length === count) resolve();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // The address of a TCP server has this form.
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.teardown(() => {
    client.destroy();
    server.close();
  });
  client.write(text);
  await asked;
  const leave = async () => {
    const left = responses.map(({ req }) => once(req.socket, 'close'));
    client.destroy();
    await Promise.all(left);
  };
  return { responses, leave };
}

test('as many imports as allowed begin, and each ends with its response', async (t) => {
  const begin = createImportSlots(1);
  const { responses } = await ask(t, HEAD, 1);
  const [response] = responses;
  if (response === undefined) throw new Error('there is no response');
  begin(response);
  t.is(t.throws(() => begin(response), { instanceOf: AppError })?.code, 'overloaded');
  const closed = once(response, 'close');
  response.end();
  await closed;
  t.notThrows(() => begin(response));
});

test('a client that leaves before its import begins takes no place', async (t) => {
  const begin = createImportSlots(1);
  const gone = await ask(t, HEAD, 1);
  await gone.leave();
  for (const response of gone.responses) {
    t.is(t.throws(() => begin(response), { instanceOf: AppError })?.code, 'bad-request');
  }
  const { responses } = await ask(t, HEAD, 1);
  for (const response of responses) t.notThrows(() => begin(response));
});

test('an import behind another request of a connection that breaks ends too', async (t) => {
  const begin = createImportSlots(1);
  const gone = await ask(t, `${HEAD}${HEAD}`, 2);
  const [, behind] = gone.responses;
  if (behind === undefined) throw new Error('there is no second response');
  begin(behind);
  await gone.leave();
  const { responses } = await ask(t, HEAD, 1);
  for (const response of responses) t.notThrows(() => begin(response));
});

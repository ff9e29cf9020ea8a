import type { AddressInfo } from 'node:net';
import { mock } from 'node:test';
import { type Static, Type } from 'typebox';
import { Fault } from '../errors.ts';
import { createHttpApp, listenHttp } from '../http/app.ts';
import { redisConfig, serviceConfig } from './config.ts';
import { DEADLINES } from './deadlines.ts';
import { runService, type ServiceContext } from './lifecycle.ts';

const { ZAMENI_INSTANCE, ZAMENI_LOG_LEVEL } = serviceConfig;
const schema = Type.Object({
  ZAMENI_INSTANCE,
  ZAMENI_LOG_LEVEL,
  ...redisConfig,
  ZAMENI_FIXTURE: Type.Enum(
    ['sound', 'cannot-start', 'cannot-release', 'throws-late', 'hangs', 'leaves'],
    {
      description: 'What is wrong with the fixture',
      example: 'sound',
    },
  ),
});

const say = (line: string) => process.stdout.write(`${line}\n`);

/** A small service. Its resources report their release, and a request can be held. */
async function start(context: ServiceContext<Static<typeof schema>>): Promise<void> {
  const { config, logger, resources, leaving, signal } = context;
  const fault = config.ZAMENI_FIXTURE;
  signal.addEventListener('abort', () => say('stopping'));
  resources.defer(() => void say('released first'));
  resources.defer(() => {
    if (fault === 'cannot-release') throw new Fault('the second cannot be released');
    say('released second');
  });
  if (fault === 'hangs') resources.defer(hangUntilDeadline);
  if (fault === 'throws-late') resources.defer(throwAside);
  if (fault === 'cannot-start') throw new Fault('the third cannot be opened');

  const inputEnded = new Promise<void>((resolve) => {
    process.stdin.resume().once('end', resolve);
  });
  const app = createHttpApp({ logger, checks: {}, leaving });
  app.get('/held', async () => {
    say('accepted');
    await inputEnded;
    say('finished');
    return 'done';
  });
  app.get('/throw', () => {
    setImmediate(() => {
      throw new Fault('nobody catches this');
    });
    return new Promise(() => undefined);
  });
  app.get('/reject', async () => {
    void Promise.reject(new Fault('nobody handles this'));
    return 'rejected';
  });
  const listener = await listenHttp(app, { host: '127.0.0.1', port: 0 });
  resources.use(listener);
  resources.defer(() => void say('released last'));
  say(`listening ${(app.server.address() as AddressInfo).port}`);
}

/** A resource whose release causes an uncaught exception. */
async function throwAside(): Promise<void> {
  setImmediate(() => {
    throw new Fault('nobody catches this');
  });
  await new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

/** Passes the drain's deadline without waiting, with mocked timers. */
function hangUntilDeadline(): Promise<void> {
  say('hanging');
  mock.timers.tick(DEADLINES.drain - 1);
  setImmediate(() => {
    say('just before the deadline');
    mock.timers.tick(1);
  });
  return new Promise(() => undefined);
}

if (process.env['ZAMENI_FIXTURE'] === 'hangs') mock.timers.enable({ apis: ['setTimeout'] });
const isBehindGateway = process.env['ZAMENI_FIXTURE'] === 'leaves';
await runService({ name: 'fixture', schema, isBehindGateway, start });

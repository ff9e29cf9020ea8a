import type { AddressInfo } from 'node:net';
import { Type } from 'typebox';
import { createHttpApp, currentTraceparent, SPANS, withBatchSpans, withSpan } from '../index.ts';
import { listenHttp } from '../http/app.ts';
import { serviceConfig } from '../process/config.ts';
import { runService } from '../process/lifecycle.ts';

const { ZAMENI_INSTANCE, ZAMENI_LOG_LEVEL } = serviceConfig;

const pass = async () => undefined;

// A small service: a request is appended to a log, and a reader of the log continues its trace.
await runService({
  name: 'fixture',
  schema: Type.Object({ ZAMENI_INSTANCE, ZAMENI_LOG_LEVEL }),
  start: async ({ logger, resources }) => {
    const app = createHttpApp({ logger, checks: {} });
    app.post('/v1/registrations/:id', async (_request, reply) => {
      const traceparent = await withSpan(SPANS.publish, {}, async () => currentTraceparent());
      await withBatchSpans(
        { each: SPANS.process, whole: SPANS.processBatch, live: [{ traceparent }] },
        async () => undefined,
      );
      return reply.code(202).send({});
    });
    app.get<{ Params: { count: string } }>('/v1/spans/:count', async ({ params }) => {
      for (let n = 0; n < Number(params.count); n += 1) await withSpan(SPANS.validate, {}, pass);
      return {};
    });
    app.get('/v1/broken', async () => {
      throw new Error('vera@example.org is wrong');
    });
    resources.use(await listenHttp(app, { host: '127.0.0.1', port: 0 }));
    process.stdout.write(`listening ${(app.server.address() as AddressInfo).port}\n`);
  },
});

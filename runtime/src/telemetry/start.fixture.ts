import {
  createHttpApp,
  createLogger,
  currentTraceparent,
  SPANS,
  withBatchSpans,
  withSpan,
} from '../index.ts';
import { flushTraces } from './flush.ts';

// A small service: a request is appended to a log, and a reader of the log continues its trace.
const logger = createLogger({ service: 'fixture', instance: 'fixture', level: 'silent' });
const app = createHttpApp({ logger, checks: {} });
app.post('/v1/registrations', async (_request, reply) => {
  const traceparent = await withSpan(SPANS.publish, {}, async () => currentTraceparent());
  await withBatchSpans(
    { each: SPANS.process, whole: SPANS.processBatch, live: [{ traceparent }] },
    async () => undefined,
  );
  const isTraced = traceparent !== undefined;
  return reply.code(202).send(isTraced ? 'traced' : 'untraced');
});
const response = await app.inject({
  method: 'POST',
  url: '/v1/registrations',
  headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  payload: { email: 'vera@example.org' },
});
process.stdout.write(`${response.body} ${response.statusCode}\n`);
await app.close();
await flushTraces();
process.exit();

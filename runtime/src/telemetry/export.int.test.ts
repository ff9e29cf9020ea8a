import test from 'ava';
import { waitUntil } from '../testing/wait.ts';
import { type Collector, type CollectorMood, startCollector } from './collector.fixture.ts';
import { startObserved } from './service.fixture.ts';

const SAMPLED = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** More than may wait for export, and than one export under way holds. */
const MANY_SPANS = 8_000;
/** The bound on spans that wait, as in `sdk.ts`. */
const MAX_WAITING = 4_096;

/** The median of the times of some requests that are traced, in milliseconds. */
async function timeRequests(url: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 40; n += 1) {
    const startedAt = performance.now();
    await fetch(`${url}/v1/spans/2`, { headers: { traceparent: SAMPLED } });
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[20] ?? Number.NaN;
}

function valueOf(metrics: string | number, series: RegExp): number {
  return Number(new RegExp(`^${series.source} (\\d+)$`, 'm').exec(String(metrics))?.[1] ?? 0);
}

const survives = test.macro({
  title: (_title, mood: CollectorMood | 'is away') =>
    `a collector that ${mood} slows nothing, is logged once, and gets spans when it is back`,
  exec: async (t, mood: CollectorMood | 'is away') => {
    let collector: Collector | undefined;
    const first = await startCollector(t, { mood: mood === 'is away' ? 'answers' : mood });
    if (mood === 'is away') await first.stop();
    else collector = first;
    const service = await startObserved(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: first.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    });
    await timeRequests(service.url);
    const before = await timeRequests(service.url);
    const headers = { traceparent: SAMPLED };
    await fetch(`${service.url}/v1/spans/${MANY_SPANS}`, { headers });
    const metrics = await service.metrics();
    const dropped = /otel_sdk_processor_span_processed_total\{.*error_type="queue_full"\}/;
    t.true(valueOf(metrics, dropped) >= MANY_SPANS - 2 * MAX_WAITING);
    t.true(valueOf(metrics, /otel_sdk_processor_span_queue_size\{.*\}/) <= MAX_WAITING);
    const logged = () => service.lines.filter((line) => line.includes('telemetry-not-exported'));
    await waitUntil(() => logged().length > 0);
    const during = await timeRequests(service.url);
    // Whatever waited for the collector would wait for its whole deadline of seconds.
    t.true(during < before + 1_000, `${during} ms instead of ${before} ms`);

    if (collector === undefined) collector = await startCollector(t, { port: first.port });
    else collector.mood = 'answers';
    const { received } = collector;
    await waitUntil(async () => {
      await fetch(`${service.url}/v1/broken`, { headers });
      return received.some((body) => body.includes('GET /v1/broken'));
    });
    t.is(logged().length, 1);
  },
});

test.serial(survives, 'hangs');
test.serial(survives, 'refuses');
test.serial(survives, 'is away');

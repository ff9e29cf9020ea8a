import test from 'ava';
import { alignColumns, describeWatchers } from './summary.ts';

test('pads all cells of a column to the widest one', (t) => {
  t.deepEqual(
    alignColumns([
      ['what', 'where'],
      ['gateway', 'x'],
    ]),
    ['what     where', 'gateway  x'],
  );
});

const telemetry = {
  prometheusUrl: 'http://127.0.0.1:8160',
  jaegerUrl: 'http://127.0.0.1:8161',
  receiverUrl: 'http://127.0.0.1:8164',
  tracesFile: 'traces.ndjson',
  traceRatio: 0.025,
  metrics: [],
};

test('shows where figures and traces are, and the share of traces', (t) => {
  const text = describeWatchers(telemetry).join('\n');
  t.regex(text, /http:\/\/127\.0\.0\.1:8160, .*2\.5 % are traced/);
  t.regex(text, /Jaeger has the newest traces: http:\/\/127\.0\.0\.1:8161/);
});

test('without Jaeger the summary says how to get it', (t) => {
  const text = describeWatchers({ ...telemetry, jaegerUrl: null }).join('\n');
  t.regex(text, /npm run jaeger builds it/);
});

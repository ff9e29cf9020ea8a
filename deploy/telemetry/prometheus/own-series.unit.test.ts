import { METRICS } from '@zameni/runtime/instruments';
import test from 'ava';
import { bucketOf, countOf, labelOf, select, series } from './own-series.ts';

const { requestDuration } = METRICS.http;

test('names labels of attributes as Prometheus does', (t) => {
  t.is(labelOf('http.response.status_code'), 'http_response_status_code');
});

test('writes matchers for values, patterns and patterns that must not match', (t) => {
  t.is(select('up', { a: '1', b: '~x|y', c: '!~5..' }), 'up{a="1",b=~"x|y",c!~"5.."}');
  t.is(select('up'), 'up');
});

test('a bucket is one that the histogram has, with its bound in both notations', (t) => {
  const name = 'http_server_request_duration_seconds_bucket';
  const job = 'query-api';
  t.is(bucketOf(requestDuration, 1, { job }), `${name}{job="query-api",le=~"1|1.0"}`);
  t.is(bucketOf(requestDuration, 0.5, { job }), `${name}{job="query-api",le="0.5"}`);
  t.throws(() => bucketOf(requestDuration, 0.3), { message: /has no bucket up to 0\.3/ });
});

test('series whose names others may use too are those of our services', (t) => {
  t.is(
    countOf(requestDuration, { a: '1' }),
    'http_server_request_duration_seconds_count{job=~"command-api|query-api|projector|mailer",a="1"}',
  );
  t.is(series(METRICS.mail.lag), 'zameni_mail_lag');
});

test('a histogram has no series of its own, and a counter no buckets', (t) => {
  t.throws(() => series(requestDuration), { message: /is a histogram/ });
  t.throws(() => countOf(METRICS.http.shed), { message: /is no histogram/ });
});

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
  t.is(bucketOf(requestDuration, 1), 'http_server_request_duration_seconds_bucket{le=~"1|1.0"}');
  t.is(bucketOf(requestDuration, 0.5), 'http_server_request_duration_seconds_bucket{le="0.5"}');
  t.throws(() => bucketOf(requestDuration, 0.3), { message: /has no bucket up to 0\.3/ });
});

test('a histogram has no series of its own, and a counter no buckets', (t) => {
  t.throws(() => series(requestDuration), { message: /is a histogram/ });
  t.throws(() => countOf(METRICS.http.shed), { message: /is no histogram/ });
});

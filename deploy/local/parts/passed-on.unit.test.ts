import test from 'ava';
import { passedOn } from './passed-on.ts';

const caller = {
  HOME: '/home/ada',
  OTEL_SERVICE_NAME: 'x',
  PATH: '/bin',
  AWS_SECRET_ACCESS_KEY: 'secret',
  ZAMENI_TOKEN: 'secret',
  ZAMENI_LOG_LEVEL: 'debug',
  ZAMENI_LOG_REQUESTS: 'all',
  ZAMENI_ATTEMPT_LIFETIME_SECONDS: '60',
  ZAMENI_MAX_LIVE_ATTEMPTS: '10',
  ZAMENI_ATTEMPTS_LOG_PERCENT: '50',
  ZAMENI_VOUCHED_LOG_PERCENT: '80',
  ZAMENI_MAIL_PRODUCT: 'Library',
  ZAMENI_SMTP_HOST: 'smtp.example.org',
};

test('a program gets the caller’s home and none of their other variables', (t) => {
  t.deepEqual(passedOn(caller, []), { HOME: '/home/ada', OTEL_SERVICE_NAME: 'x' });
});

test('settings are passed on to the programs that use them', (t) => {
  const { ZAMENI_ATTEMPT_LIFETIME_SECONDS: lifetime, ...rest } = passedOn(caller, ['attempts']);
  t.is(lifetime, '60');
  t.deepEqual(rest, passedOn(caller, []));
  t.deepEqual(Object.keys(passedOn(caller, ['logs', 'attempts', 'room'])).toSorted(), [
    'HOME',
    'OTEL_SERVICE_NAME',
    'ZAMENI_ATTEMPTS_LOG_PERCENT',
    'ZAMENI_ATTEMPT_LIFETIME_SECONDS',
    'ZAMENI_LOG_LEVEL',
    'ZAMENI_LOG_REQUESTS',
    'ZAMENI_MAX_LIVE_ATTEMPTS',
    'ZAMENI_VOUCHED_LOG_PERCENT',
  ]);
});

test('a caller chooses how mails look, not where they are sent', (t) => {
  const { HOME: _, OTEL_SERVICE_NAME: __, ...settings } = passedOn(caller, ['mail']);
  t.deepEqual(settings, { ZAMENI_MAIL_PRODUCT: 'Library' });
});

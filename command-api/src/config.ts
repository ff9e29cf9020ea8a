import {
  attemptKeyConfig,
  attemptLifetimeConfig,
  callersConfig,
  countersConfig,
  kekConfig,
  natsConfig,
  pepperConfig,
  positionConfig,
  proxiesConfig,
  postgresConfig,
  rateLimitVariable,
  redisConfig,
  registrationIdConfig,
  replicaConfig,
  serviceConfig,
  verificationConfig,
} from '@zameni/runtime';
import { type Static, Type } from 'typebox';

/** The environment of the command API. */
export const Config = Type.Object({
  ...serviceConfig,
  ...natsConfig,
  ...postgresConfig,
  ...replicaConfig,
  ...redisConfig,
  ...countersConfig,
  ...pepperConfig,
  ...kekConfig,
  ...positionConfig,
  ...registrationIdConfig,
  ...verificationConfig,
  ...callersConfig,
  ...proxiesConfig,
  ...attemptKeyConfig,
  ...attemptLifetimeConfig,
  ZAMENI_MAX_LIVE_ATTEMPTS: Type.Intersect([Type.Integer({ minimum: 1 })], {
    default: 1_000_000,
    description: 'Attempts that may await proof at once; beyond it public registrations get 503',
    example: '1000000',
  }),
  ZAMENI_ATTEMPTS_LOG_PERCENT: percent(60, 'Attempts and mail wishes'),
  ZAMENI_VOUCHED_LOG_PERCENT: percent(90, 'Vouched registrations'),
  ZAMENI_LIMIT_CLIENT: rateLimitVariable('Commands of one client', '60/60'),
  ZAMENI_LIMIT_DESTRUCTIVE: rateLimitVariable('Erasures and deactivations of one caller', '30/60'),
});

export type Config = Static<typeof Config>;

function percent(byDefault: number, what: string) {
  return Type.Intersect([Type.Integer({ minimum: 1, maximum: 100 })], {
    default: byDefault,
    description: `${what} get 503 when the log holds so many percent of its bound`,
    example: String(byDefault),
  });
}

import {
  callersConfig,
  countersConfig,
  natsConfig,
  positionConfig,
  proxiesConfig,
  postgresConfig,
  rateLimitVariable,
  redisConfig,
  registrationIdConfig,
  replicaConfig,
  serviceConfig,
} from '@zameni/runtime';
import { type Static, Type } from 'typebox';

/** The environment of the query API. */
export const Config = Type.Object({
  ...serviceConfig,
  ...natsConfig,
  ...positionConfig,
  ...postgresConfig,
  ...replicaConfig,
  ...redisConfig,
  ...countersConfig,
  ...callersConfig,
  ...proxiesConfig,
  ...registrationIdConfig,
  ZAMENI_LIMIT_NETWORK_READS: rateLimitVariable('Reads of one network without a token', '600/60'),
  ZAMENI_LIMIT_CALLER_READS: rateLimitVariable('Reads of one caller with a token', '6000/60'),
});
export type Config = Static<typeof Config>;

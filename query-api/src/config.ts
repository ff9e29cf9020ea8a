import {
  callersConfig,
  natsConfig,
  positionConfig,
  postgresConfig,
  redisConfig,
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
  ...callersConfig,
});
export type Config = Static<typeof Config>;

import { kekConfig, natsConfig, postgresConfig, redisConfig, serviceConfig } from '@zameni/runtime';
import { type Static, Type } from 'typebox';

/** The environment of the projector. */
export const Config = Type.Object({
  ...serviceConfig,
  ...natsConfig,
  ...kekConfig,
  ...postgresConfig,
  ...redisConfig,
});
export type Config = Static<typeof Config>;

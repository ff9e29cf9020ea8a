import {
  callersConfig,
  kekConfig,
  natsConfig,
  pepperConfig,
  postgresConfig,
  redisConfig,
  serviceConfig,
} from '@zameni/runtime';
import { type Static, Type } from 'typebox';

/** The environment of the projector. */
export const Config = Type.Object({
  ...serviceConfig,
  ...callersConfig,
  ...natsConfig,
  ...kekConfig,
  ...pepperConfig,
  ...postgresConfig,
  ...redisConfig,
  ZAMENI_ERASER_NATS_USER: Type.String({
    pattern: '^[a-z-]{1,64}$',
    default: 'eraser',
    description: 'NATS user that may delete from the log',
    example: 'eraser',
  }),
  ZAMENI_ERASER_NATS_PASSWORD_FILE: Type.String({
    minLength: 1,
    description: 'File with the password of the NATS user that may delete from the log',
    example: '/run/secrets/nats-eraser',
  }),
  ZAMENI_AUDITOR_NATS_USER: Type.String({
    pattern: '^[a-z-]{1,64}$',
    default: 'auditor',
    description: 'NATS user that compares the copies of the log',
    example: 'auditor',
  }),
  ZAMENI_AUDITOR_NATS_PASSWORD_FILE: Type.String({
    minLength: 1,
    description: 'File with the password of the NATS user that compares the copies of the log',
    example: '/run/secrets/nats-auditor',
  }),
  ZAMENI_MONITOR_NATS_USER: Type.String({
    pattern: '^[a-z-]{1,64}$',
    default: 'monitor',
    description: 'NATS user that asks each server of ZAMENI_NATS_SERVERS about itself',
    example: 'monitor',
  }),
  ZAMENI_MONITOR_NATS_PASSWORD_FILE: Type.String({
    minLength: 1,
    description: 'File with the password of the NATS user that asks servers about themselves',
    example: '/run/secrets/nats-monitor',
  }),
});
export type Config = Static<typeof Config>;

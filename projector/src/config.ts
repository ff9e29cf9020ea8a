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
  ZAMENI_NATS_MONITORS: Type.String({
    pattern: '^[^,\\s]+:\\d+(,[^,\\s]+:\\d+)*$',
    description: 'Monitoring ports of all NATS servers, host:port, separated by commas',
    example: '127.0.0.1:8222,127.0.0.1:8223,127.0.0.1:8224',
  }),
});
export type Config = Static<typeof Config>;

import {
  callersConfig,
  kekConfig,
  natsConfig,
  pepperConfig,
  positionConfig,
  postgresConfig,
  rateLimitVariable,
  redisConfig,
  serviceConfig,
  verificationConfig,
} from '@zameni/runtime';
import { type Static, Type } from 'typebox';

/** The environment of the command API. */
export const Config = Type.Object({
  ...serviceConfig,
  ...natsConfig,
  ...postgresConfig,
  ...redisConfig,
  ...pepperConfig,
  ...kekConfig,
  ...positionConfig,
  ...verificationConfig,
  ...callersConfig,
  ZAMENI_CLAIM_LIFETIME_DAYS: Type.Intersect([Type.Integer({ minimum: 1, maximum: 365 })], {
    default: 7,
    description: 'Days after which an address that nobody has proven may be taken by another',
    example: '7',
  }),
  ZAMENI_LIMIT_CLIENT: rateLimitVariable('Commands of one client', '600/60'),
  ZAMENI_LIMIT_MAILBOX: rateLimitVariable('Verification mails wanted for one mailbox', '5/3600'),
});

export type Config = Static<typeof Config>;

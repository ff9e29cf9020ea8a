import {
  callersConfig,
  kekConfig,
  natsConfig,
  pepperConfig,
  positionConfig,
  serviceConfig,
} from '@zameni/runtime';
import { Type } from 'typebox';

/** The environment of the command API. */
export const Config = Type.Object({
  ...serviceConfig,
  ...natsConfig,
  ...pepperConfig,
  ...kekConfig,
  ...positionConfig,
  ...callersConfig,
});

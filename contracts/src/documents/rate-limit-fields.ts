import { Type } from 'typebox';
import type { Field } from '../operations/operation.ts';

const list = (item: string) => Type.String({ pattern: `^${item}(, ${item})*$` });

/**
 * Headers of every answer of a limited operation. They report to the caller which requests remain
 * (draft-ietf-httpapi-ratelimit-headers-10).
 */
export const rateLimitFields = {
  'RateLimit-Policy': {
    description: 'The limits that apply: `q` requests in `w` seconds each',
    schema: list('"[a-z-]+";q=[0-9]+;w=[0-9]+'),
  },
  RateLimit: {
    description: 'State of each limit: `r` requests remain, for `t` seconds',
    schema: list('"[a-z-]+";r=[0-9]+;t=[0-9]+'),
  },
} as const satisfies Record<string, Field>;

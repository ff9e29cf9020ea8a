import { ProjectionsView } from '../views.ts';
import { type Operation, problemsOfQueries, readHeaders } from './operation.ts';

/** The operations for operators: the state of the system, without personal data. */
export const PROJECTION_OPERATIONS = {
  readProjections: {
    id: 'readProjections',
    service: 'query-api',
    method: 'get',
    path: '/v1/projections',
    summary: 'Read how far the projections are',
    description:
      'For scope `ops:read`: each version of each projection, how far it is behind the log, and how many accounts and attempts are parked. Positions are plain numbers, as in logs and in `zameni status`; they are no `Min-Position`.',
    token: 'needed',
    scopes: ['ops:read'],
    params: {},
    headers: {},
    answers: {
      200: {
        description: 'The projections',
        body: ProjectionsView,
        headers: { 'Cache-Control': readHeaders['Cache-Control'], Vary: readHeaders.Vary },
      },
    },
    problems: [...problemsOfQueries, 'forbidden', 'store-unavailable'],
  },
} as const satisfies Readonly<Record<string, Operation>>;

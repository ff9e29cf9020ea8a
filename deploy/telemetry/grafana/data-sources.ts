/** Where panels read metrics. The uid never changes: panels name it. */
export const METRICS_SOURCE = { type: 'prometheus', uid: 'zameni-prometheus' } as const;

/** Where traces are read. */
export const TRACES_SOURCE = { type: 'jaeger', uid: 'zameni-jaeger' } as const;

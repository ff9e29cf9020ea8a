/** Buckets for times of requests: those of the semantic conventions and two smaller ones. */
export const REQUEST_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const;

/** Buckets for times of work inside a process. */
export const WORK_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5,
] as const;

/** Buckets for delays that people notice: until a registration is readable, until a mail is sent. */
export const DELAY_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300] as const;

/** Buckets for sizes of groups and batches. */
export const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000] as const;

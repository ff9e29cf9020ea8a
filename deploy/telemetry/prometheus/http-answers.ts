import { HARMLESS_PROBLEMS } from '@zameni/runtime/instruments';
import { type Labels, labelOf } from './own-series.ts';

const STATUS = labelOf('http.response.status_code');

/**
 * Answers that tell something about us. The others are refusals that a caller brings about at will,
 * so that a single one could wake somebody up.
 */
export const TELLING: Labels = { [labelOf('error.type')]: `!~${HARMLESS_PROBLEMS.join('|')}` };

/** Answers that are a fault of ours. */
export const FAULTS: Labels = { ...TELLING, [STATUS]: '~5..' };

/** Answers that are none. */
export const NO_FAULTS: Labels = { ...TELLING, [STATUS]: '!~5..' };

/**
 * Answers that took their own time. Others waited because their caller asked them to; one that failed
 * has no such label.
 */
export const UNASKED: Labels = { [labelOf('zameni.waited')]: '' };

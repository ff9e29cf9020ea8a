import { type Sampler, SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { TraceFlags } from '@opentelemetry/api';

/**
 * Decides about traces that begin in this process. A request is recorded with the given
 * probability. A batch, which links to the requests that it serves, is recorded if one of them is:
 * its span is a part of their story and useless without them.
 */
export function createRootSampler(ratio: number): Sampler {
  const byRatio = new TraceIdRatioBasedSampler(ratio);
  return {
    shouldSample: (context, traceId, _name, _kind, _attributes, links) => {
      if (links.length === 0) return byRatio.shouldSample(context, traceId);
      const isLinked = links.some(({ context: { traceFlags } }) => traceFlags & TraceFlags.SAMPLED);
      return {
        decision: isLinked ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
      };
    },
    toString: () => `zameni root ${ratio}`,
  };
}

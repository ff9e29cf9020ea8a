import { AggregationTemporality, InstrumentType } from '@opentelemetry/sdk-metrics';

/**
 * Has observed gauges forget what is observed no more, such as the lag of a projector that stands by
 * now: with cumulative temporality the SDK repeats the last value for ever. A gauge has no temporality
 * outside of the SDK.
 */
export function selectTemporality(type: InstrumentType): AggregationTemporality {
  return type === InstrumentType.OBSERVABLE_GAUGE
    ? AggregationTemporality.DELTA
    : AggregationTemporality.CUMULATIVE;
}

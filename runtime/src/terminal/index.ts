export { passProxyOnLoopback } from './loopback-proxy.ts';
export { endOnOutputFailure, watchOutputs } from './output-failure.ts';

/** Names of this machine, as requests name their hosts. */
const LOOPBACK = ['127.0.0.1', 'localhost', '::1', '[::1]'];

/**
 * Lets requests to this machine pass the proxy that the environment names (`HTTP_PROXY`, with
 * `NODE_USE_ENV_PROXY=1` or `--use-env-proxy`), because a proxy cannot reach them. Call it before
 * the first request. Programs that inherit the environment do the same.
 */
export function passProxyOnLoopback(environment: NodeJS.ProcessEnv): void {
  // Node, curl and Go prefer the name in small letters, even if it is empty.
  const name = environment['no_proxy'] === undefined ? 'NO_PROXY' : 'no_proxy';
  const present = (environment[name] ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  if (present.includes('*')) return;
  environment[name] = [...new Set([...present, ...LOOPBACK])].join(',');
}

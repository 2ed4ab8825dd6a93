/** The CPU lists that options of `rtvm host` give. */
import { CpuListError, CpuSet } from '../../realtime/cpu-set.ts';
import { UsageError } from '../exit.ts';
import type { HostChoices } from './this-host.ts';

/** @throws UsageError for what is not a CPU list. */
export function chosenCpus({ dedicated, shared }: { readonly dedicated?: string; readonly shared?: string }): Pick<HostChoices, 'dedicatedCpus' | 'sharedCpus'> {
  return { dedicatedCpus: cpuOption('--dedicated', dedicated), sharedCpus: cpuOption('--shared', shared) };
}

function cpuOption(option: string, text: string | undefined): CpuSet | undefined {
  if (text === undefined) return undefined;
  try {
    return CpuSet.parse(text);
  } catch (error) {
    if (!(error instanceof CpuListError)) throw error;
    throw new UsageError(`${option}: ${error.message}`, { cause: error });
  }
}

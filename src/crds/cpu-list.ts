/** CPU lists of the wire form to sets of the core. */
import { CpuListError, CpuSet } from '../realtime/cpu-set.ts';
import type { CpuId } from '../realtime/ids.ts';
import type { Checked } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';

/** `CPU_LIST` where the text is not in the kernel's notation. */
export function parseCpuList<Id extends number = CpuId>(text: string, path: string): Checked<CpuSet<Id>> {
  try {
    return accepted(CpuSet.parse<Id>(text));
  } catch (error) {
    if (!(error instanceof CpuListError)) throw error;
    return refused({ code: error.code, path, value: text, message: error.message.slice(error.message.indexOf(': ') + 2) });
  }
}

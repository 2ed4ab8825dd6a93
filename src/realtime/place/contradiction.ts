/** Whether a placement can be this guest's at all: each says something that the other has to agree with. Pure. */
import { CpuSet } from '../cpu-set.ts';
import type { VcpuSet } from '../cpu-set.ts';
import { allVcpus } from '../guest.ts';
import type { Guest } from '../guest.ts';
import type { VcpuId } from '../ids.ts';
import { dedicatedCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';

/** What is wrong, for people; undefined where nothing is. I1, I3. */
export function contradictionOf(guest: Guest, placement: Placement): string | undefined {
  const { cpu } = guest;
  const vcpus = allVcpus(cpu.vcpus);
  const { vcpuPins } = placement;
  const placed = CpuSet.from<VcpuId>(vcpuPins.map(({ vcpu }) => vcpu));
  if (!placed.equals(vcpus) || vcpuPins.length !== cpu.vcpus) {
    return differs('has vCPUs', vcpus.toString(), vcpuPins.map(({ vcpu }) => vcpu).join(','));
  }
  const dedicated = vcpuPins.flatMap((pin) => (pin.kind === 'dedicated' ? [pin.vcpu] : []));
  const own = dedicatedCpus(placement);
  if (!CpuSet.from<VcpuId>(dedicated).equals(cpu.dedicatedVcpus)) {
    return differs('has dedicated vCPUs', cpu.dedicatedVcpus.toString(), dedicated.join(','));
  }
  if (own.size !== dedicated.length) {
    return `${dedicated.length} dedicated vCPUs have pCPUs ${own.toString()} in the placement`;
  }
  const realtime = cpu.realtime?.vcpus ?? CpuSet.empty<VcpuId>();
  if (!realtime.equals(placement.realtimeVcpus)) {
    return differs('has realtime vCPUs', realtime.toString(), placement.realtimeVcpus.toString());
  }
  const [priority = '', given = ''] = [cpu.realtime?.priority, placement.priority];
  if (priority !== given) return differs('has priority', String(priority), String(given));
  const [wanted, found] = [guest.cells, placement.cells].map((cells) => cells.map(cellText).join('; '));
  return wanted === found ? undefined : differs('has cells', wanted!, found!);
}

function differs(what: string, wanted: string, found: string): string {
  return `the guest ${what} ${wanted || 'none'}, and its placement ${found || 'none'}`;
}

function cellText({ vcpus, memoryMiB }: { readonly vcpus: VcpuSet; readonly memoryMiB: number }): string {
  return `${vcpus.toString()} with ${memoryMiB} MiB`;
}

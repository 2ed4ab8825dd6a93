/** The CPU that the guest sees: model, topology, NUMA cells. */
import type { Guest } from '../guest.ts';
import type { VirtType } from './domain-input.ts';
import { element } from './element.ts';
import type { Attributes, XmlElement } from './element.ts';
import type { DomainHostFacts } from './host-facts.ts';

/**
 * `<cpu>`. The host's own CPU cannot be passed through by the emulator, which then gives all that it can emulate; nor does
 * it have a TSC deadline timer. `migratable='off'` because these guests are never migrated live, and only then does QEMU
 * pass on features (the invariant TSC among them) that would pin a guest to its host.
 */
export function cpuModel({ cpu, cells }: Guest, virtType: VirtType, host: DomainHostFacts): XmlElement {
  const { sockets, cores, threads } = cpu.topology;
  const { attributes, model } = modeOf(cpu.model, virtType);
  return element('cpu', attributes, [
    model,
    element('topology', { sockets, cores, threads }),
    ...(virtType === 'kvm' ? kvmFeatures(host) : []),
    cells.length === 0
      ? undefined
      : element('numa', {}, cells.map((cell, id) => element('cell', { id, cpus: cell.vcpus.toString(), memory: cell.memoryMiB, unit: 'MiB' }))),
  ]);
}

/**
 * KVM offers ARCH_CAPABILITIES on CPUs that have no such register (AMD's) too, and QEMU takes it up (7.2 does). Some hosts then
 * refuse to set it (`failed to set MSR 0x10a`) and QEMU aborts, so it is declined where the host's own CPU lacks it.
 */
function kvmFeatures(host: DomainHostFacts): readonly XmlElement[] {
  return [
    element('feature', { policy: 'require', name: 'tsc-deadline' }),
    ...(host.invariantTsc ? [element('feature', { policy: 'require', name: 'invtsc' })] : []),
    ...(host.archCapabilities ? [] : [element('feature', { policy: 'disable', name: 'arch-capabilities' })]),
  ];
}

function modeOf(model: string, virtType: VirtType): { readonly attributes: Attributes; readonly model?: XmlElement } {
  if (model === 'host-passthrough' || model === 'host-model') {
    if (virtType === 'qemu') return { attributes: { mode: 'maximum', check: 'none' } };
    if (model === 'host-passthrough') return { attributes: { mode: 'host-passthrough', check: 'none', migratable: 'off' } };
    return { attributes: { mode: 'host-model', check: 'partial' } };
  }
  // Without a fallback a host that lacks the model refuses the guest; with one it would run as something else.
  return { attributes: { mode: 'custom', match: 'exact', check: 'partial' }, model: element('model', { fallback: 'forbid' }, model) };
}

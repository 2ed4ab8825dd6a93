/** The CPU that the guest sees: model, topology, NUMA cells. */
import type { Guest } from '../guest.ts';
import type { DomainHostFacts, VirtType } from './domain-input.ts';
import { element } from './element.ts';
import type { Attributes, XmlElement } from './element.ts';

/**
 * `<cpu>`. The host's own CPU cannot be passed through by the emulator, which then gives all that it can emulate; nor does
 * it have a TSC deadline timer. `migratable='off'` because these guests are never migrated live, and only then does QEMU
 * pass on features (the invariant TSC among them) that would pin a guest to its host.
 */
export function cpuModel({ cpu, cells }: Guest, virtType: VirtType, host: DomainHostFacts): XmlElement {
  const { sockets, cores, threads } = cpu.topology;
  const requires = virtType === 'qemu' ? [] : host.invariantTsc ? ['tsc-deadline', 'invtsc'] : ['tsc-deadline'];
  const { attributes, model } = modeOf(cpu.model, virtType);
  return element('cpu', attributes, [
    model,
    element('topology', { sockets, cores, threads }),
    ...requires.map((name) => element('feature', { policy: 'require', name })),
    cells.length === 0
      ? undefined
      : element('numa', {}, cells.map((cell, id) => element('cell', { id, cpus: cell.vcpus.toString(), memory: cell.memoryMiB, unit: 'MiB' }))),
  ]);
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

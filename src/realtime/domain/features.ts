/** Machine features of the guest, and what it is told about its host. */
import type { GuestCpu } from '../guest.ts';
import type { VirtType } from './domain-input.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

/**
 * `<features>`. A realtime guest gets no PMU: counter overflows arrive as interrupts in the vCPU, and its state is switched
 * at every exit. KVM's dedicated hint makes the guest spin instead of halting its locks, which is right only where *every*
 * vCPU has a pCPU to itself. The VMware port is an exit per access that no guest here needs.
 */
export function features(cpu: GuestCpu, virtType: VirtType): XmlElement {
  return element('features', {}, [
    element('acpi'),
    element('apic'),
    cpu.policy === 'Dedicated' && virtType === 'kvm' ? element('kvm', {}, [element('hint-dedicated', { state: 'on' })]) : undefined,
    cpu.realtime === undefined ? undefined : element('pmu', { state: 'off' }),
    element('vmport', { state: 'off' }),
  ]);
}

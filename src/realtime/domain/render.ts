/** Puts a domain's XML together from its concerns, one file each. Rules 5.1 to 5.8. */
import { boot } from './boot.ts';
import { clock } from './clock.ts';
import { cpuModel } from './cpu-model.ts';
import { cpuTune } from './cpu-tune.ts';
import { disks } from './disks.ts';
import type { DomainInput } from './domain-input.ts';
import { domainName } from './domain-name.ts';
import { element, formatXml } from './element.ts';
import type { XmlElement } from './element.ts';
import { features } from './features.ts';
import { hostDevices } from './host-devices.ts';
import { memoryBacking } from './memory-backing.ts';
import { metadata } from './metadata.ts';
import { networks, sharesMemory } from './networks.ts';
import { numaTune } from './numa-tune.ts';
import { serialConsole } from './serial.ts';

/**
 * The domain as libvirt XML; the same input always gives the same text. A guest that reboots starts again in the same
 * domain; one that powers off or crashes ends, and its run strategy decides what follows.
 * @throws DomainInputError where the input's parts do not belong together.
 * @throws XmlCharacterError where a text holds what XML cannot carry.
 */
export function renderDomain(input: DomainInput): string {
  const { guest, placement, files, virtType } = input;
  return formatXml(element('domain', { type: virtType }, [
    element('name', {}, domainName(input.vm)),
    element('uuid', {}, guest.uuid),
    metadata(input),
    ...machine(input, { boot: boot(guest.boot, files), sharesMemory: sharesMemory(input), onReboot: 'restart' }),
    devices(disks(guest, files), [
      ...networks(input),
      ...serialConsole(files.serialLog),
      ...hostDevices(guest.hostDevices, placement),
    ]),
  ]));
}

interface MachineParts {
  readonly boot: XmlElement;
  readonly sharesMemory: boolean;
  readonly onReboot: 'restart' | 'destroy';
}

/** What a guest gets of its host: CPUs, memory, clock. The same for a VM's own domain and for one that measures in its stead. */
export function machine(
  { guest, placement, virtType, host }: Pick<DomainInput, 'guest' | 'placement' | 'virtType' | 'host'>,
  { boot, sharesMemory, onReboot }: MachineParts,
): readonly (XmlElement | undefined)[] {
  return [
    element('memory', { unit: 'MiB' }, guest.memory.sizeMiB),
    memoryBacking(guest, placement, sharesMemory),
    element('vcpu', { placement: 'static' }, guest.cpu.vcpus),
    guest.ioThreads === 0 ? undefined : element('iothreads', {}, guest.ioThreads),
    cpuTune(placement, guest.ioThreads),
    numaTune(placement),
    boot,
    features(guest.cpu, virtType),
    cpuModel(guest, virtType, host),
    clock(),
    element('on_poweroff', {}, 'destroy'),
    element('on_reboot', {}, onReboot),
    element('on_crash', {}, 'destroy'),
  ];
}

/** Without a USB controller and a balloon, which libvirt would add; a balloon would take memory back that was promised. */
export function devices(disks: readonly XmlElement[], others: readonly XmlElement[]): XmlElement {
  return element('devices', {}, [...disks, element('controller', { type: 'usb', model: 'none' }), ...others, element('memballoon', { model: 'none' })]);
}

/** Puts a domain's XML together from its concerns, one file each. Rules 5.1 to 5.8. */
import { boot } from './boot.ts';
import { clock } from './clock.ts';
import { cpuModel } from './cpu-model.ts';
import { cpuTune } from './cpu-tune.ts';
import { disks } from './disks.ts';
import type { DomainInput } from './domain-input.ts';
import { domainName } from './domain-name.ts';
import { element, formatXml } from './element.ts';
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
    element('memory', { unit: 'MiB' }, guest.memory.sizeMiB),
    memoryBacking(guest, placement, sharesMemory(input)),
    element('vcpu', { placement: 'static' }, guest.cpu.vcpus),
    guest.ioThreads === 0 ? undefined : element('iothreads', {}, guest.ioThreads),
    cpuTune(placement, guest.ioThreads),
    numaTune(placement),
    boot(guest.boot, files),
    features(guest.cpu, virtType),
    cpuModel(guest, virtType, input.host),
    clock(),
    element('on_poweroff', {}, 'destroy'),
    element('on_reboot', {}, 'restart'),
    element('on_crash', {}, 'destroy'),
    element('devices', {}, [
      ...disks(guest, files),
      // Without these libvirt adds a USB controller and a balloon, which would take memory back that was promised.
      element('controller', { type: 'usb', model: 'none' }),
      ...networks(input),
      ...serialConsole(files.serialLog),
      ...hostDevices(guest.hostDevices, placement),
      element('memballoon', { model: 'none' }),
    ]),
  ]));
}

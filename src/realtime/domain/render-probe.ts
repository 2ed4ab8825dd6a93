/** The transient domain in which `rtvm latency` measures: a VM's machine, with the probe guest in it. */
import { exclusiveCpus } from '../placement.ts';
import type { GuestBoot } from '../guest.ts';
import { boot } from './boot.ts';
import type { DomainInput } from './domain-input.ts';
import { element, formatXml } from './element.ts';
import { probeMark } from './probe-mark.ts';
import { devices, machine } from './render.ts';

const probeBoot: GuestBoot = {
  kind: 'rom',
  image: { name: 'probe', format: 'rom', source: { kind: 'path', path: 'probe.rom' } },
};

export interface ProbeDomainInput extends Pick<DomainInput, 'guest' | 'placement' | 'virtType' | 'host'> {
  readonly name: string;
  readonly uuid: string;
  /** What it holds; its own placement may be less, where it measures how a VM would do without. */
  readonly holds: DomainInput['placement'];
  /** Absolute path of the probe's ROM on the host. */
  readonly rom: string;
  /** What the guest reads from fw_cfg (guest/README.md). */
  readonly settings: string;
}

/**
 * As renderDomain would render the VM, but for its disks, networks and devices, its boot, and who it is. It never
 * reboots: a guest that began
 * anew would have measured two things. Its serial port is a terminal without a log.
 */
export function renderProbeDomain({
  guest,
  placement,
  virtType,
  host,
  name,
  uuid,
  holds,
  rom,
  settings,
}: ProbeDomainInput): string {
  return formatXml(
    element('domain', { type: virtType }, [
      element('name', {}, name),
      element('uuid', {}, uuid),
      probeMark({ uuid, cpus: exclusiveCpus(holds) }),
      ...machine(
        { guest, placement, virtType, host },
        { boot: boot(probeBoot, { rom }), sharesMemory: false, onReboot: 'destroy' },
      ),
      element('sysinfo', { type: 'fwcfg' }, [element('entry', { name: 'opt/rtvm/probe' }, settings)]),
      devices(
        [],
        [
          element('serial', { type: 'pty' }, [element('target', { type: 'isa-serial', port: 0 })]),
          element('console', { type: 'pty' }, [element('target', { type: 'serial', port: 0 })]),
        ],
      ),
    ]),
  );
}

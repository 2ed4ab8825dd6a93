/** Where every thread of the domain runs, and which of them are realtime. */
import { pinCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

/** `<cputune>`. I/O threads run with QEMU's own: they do the emulator's work, and must not meet a realtime vCPU. */
export function cpuTune(placement: Placement, ioThreads: number): XmlElement {
  const emulatorCpus = placement.emulatorCpus.toString();
  return element('cputune', {}, [
    ...placement.vcpuPins.map((pin) => element('vcpupin', { vcpu: pin.vcpu, cpuset: pinCpus(pin).toString() })),
    element('emulatorpin', { cpuset: emulatorCpus }),
    ...Array.from({ length: ioThreads }, (_, index) => element('iothreadpin', { iothread: index + 1, cpuset: emulatorCpus })),
    placement.priority === undefined
      ? undefined
      : element('vcpusched', { vcpus: placement.realtimeVcpus.toString(), scheduler: 'fifo', priority: placement.priority }),
  ]);
}

// The hosts of the chaos test, and the guests that people want on them: each kind contends for something else.
import type { HostCapacity } from './chaos-events.ts';
import { hostLacks } from './host-lacks.ts';

/** What the recorded host gives its guests: four CPUs on two sockets, two threads a core. Pages for two guests of a socket, and one device. */
export const nodeSpec = {
  dedicatedCpus: '2-3,6-7',
  sharedCpus: '0-1,4-5',
  reservedHugepages: [{ numaNode: 0, size: '2Mi', count: 88 }, { numaNode: 1, size: '2Mi', count: 88 }],
  deviceClasses: [{ name: 'accelerator', addresses: ['0000:3b:00.0'] }],
};

export const dedicatedCpus = [2, 3, 6, 7];
export const capacity: HostCapacity = { pages: new Map([[0, 40], [1, 40]]) };

export const lacks = hostLacks(capacity, dedicatedCpus);

/** Gives what a VM without a class does not get. */
export const deviceClass = {
  apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVMClass', metadata: { name: 'with-device' },
  spec: { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' }, allow: { deviceClasses: ['accelerator'], nodeLocalDisks: true } },
};

export interface GuestKind {
  /** Of all VMs: so many fit beside the others, wherever those are. */
  readonly most: number;
  readonly spec: object;
}

const shape = { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' } };
const data = { name: 'data', emptySize: '1Mi' };

export const guestKinds: readonly GuestKind[] = [
  { most: 8, spec: { ...shape, disks: [data] } },
  { most: 4, spec: { className: deviceClass.metadata.name, disks: [{ ...data, persistence: 'NodeLocal' }] } },
  { most: 3, spec: { className: deviceClass.metadata.name, disks: [data], hostDevices: [{ name: 'card', class: 'accelerator' }] } },
  { most: 2, spec: { cpu: { ...shape.cpu, vcpus: 1, policy: 'Dedicated', emulatorThreads: 'Isolate' }, memory: shape.memory, disks: [data] } },
  { most: 1, spec: { cpu: { ...shape.cpu, policy: 'Dedicated', emulatorThreads: 'Share' }, memory: { size: '64Mi', pageSize: '2Mi' }, numa: { nodes: 2 }, disks: [data] } },
];

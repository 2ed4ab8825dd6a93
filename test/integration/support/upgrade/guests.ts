// The VMs of the upgrade tests: every policy, disks of all kinds, a class; on hosts with one dedicated CPU each.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { LocalHost } from '../local-host.ts';
import { deaf, mixed, shared } from '../manifests.ts';

/** Firmware that uses no CPU time, since not every nested KVM can run one that boots. Without grace: it hears nothing. */
const idle = { ...deaf, terminationGracePeriodSeconds: 0 } as const;

export const plain = { ...shared, ...idle } as const;

export const guests = {
  mixed: { ...mixed, ...idle, disks: [{ name: 'scratch', emptySize: '1Mi' }] },
  dedicated: { className: 'controller', ...idle },
  shared: plain,
  whole: {
    ...plain, ioThreads: 1, cloudInit: { userData: '#cloud-config\n' },
    disks: [{ name: 'copy', image: 'blank' }, { name: 'data', emptySize: '1Mi', persistence: 'NodeLocal' }],
  },
} as const;

export type GuestName = keyof typeof guests;

/** What the administrator gives: one realtime vCPU with a CPU to itself, QEMU's own threads on the shared ones. */
const controllerClass = {
  cpu: { vcpus: 1, policy: 'Dedicated', emulatorThreads: 'Share', realtime: { priority: 2 } },
  memory: { size: '32Mi', pageSize: '2Mi' },
} as const;

export const classManifest = {
  apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVMClass', metadata: { name: 'controller' }, spec: controllerClass,
} as const;

export function imageManifest(name: string, spec: object): object {
  return { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeImage', metadata: { name }, spec };
}

export const blankImage = { format: 'qcow2', source: { path: 'blank.qcow2' } } as const;

/** @param host with an image root of its own. */
export function makeBlankImage(host: LocalHost): void {
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', join(host.imageRoot, 'blank.qcow2'), '1M']);
}

/** A `restartedAt` that no domain was made with. */
export function laterThanAll(): string {
  return new Date(Date.now() + 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Objects for tests: small, valid, and told apart by one number. */
import type { Draft, Stored } from '../../resource.ts';

/** A RealtimeVM with as many vCPUs as asked. */
export function vmYaml(name: string, vcpus = 1, extra = ''): string {
  return `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: ${name}}
spec:
  cpu: {vcpus: ${vcpus}}
  memory: {size: 64Mi}
  image: {name: probe}
${extra}`;
}

/** A RealtimeNode whose `maxPriority` is the number. */
export function node(name: string, maxPriority = 49): Draft<'RealtimeNode'> {
  return { kind: 'RealtimeNode', metadata: { name }, spec: { vcpusPerSharedCpu: 4, reservedHugepages: [], unschedulable: false, maxPriority, networks: [], deviceClasses: [] } };
}

export function withPriority(object: Stored<'RealtimeNode'>, maxPriority: number): Stored<'RealtimeNode'> {
  return { ...object, spec: { ...object.spec, maxPriority } };
}

export function withLabel(object: Stored<'RealtimeNode'>, value: string): Stored<'RealtimeNode'> {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, 'rtvm.dev/test': value } } };
}

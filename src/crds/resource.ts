/** All kinds of resource, and what is known of each. */
import type * as z from 'zod';
import { realtimeAllocation } from './realtime-allocation.ts';
import type { RealtimeAllocation } from './realtime-allocation.ts';
import { realtimeImage } from './realtime-image.ts';
import type { RealtimeImage } from './realtime-image.ts';
import { realtimeNode } from './realtime-node.ts';
import type { RealtimeNode } from './realtime-node.ts';
import { realtimeVmClass } from './realtime-vm-class.ts';
import type { RealtimeVmClass } from './realtime-vm-class.ts';
import { realtimeVm } from './realtime-vm.ts';
import type { RealtimeVm } from './realtime-vm.ts';

export interface ResourceByKind {
  readonly RealtimeVM: RealtimeVm;
  readonly RealtimeVMClass: RealtimeVmClass;
  readonly RealtimeImage: RealtimeImage;
  readonly RealtimeNode: RealtimeNode;
  readonly RealtimeAllocation: RealtimeAllocation;
}

export type Kind = keyof ResourceByKind;
export type Resource = ResourceByKind[Kind];

export interface KindInfo {
  readonly plural: string;
  readonly shortName: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly schema: z.ZodObject;
}

export const kinds: Readonly<Record<Kind, KindInfo>> = {
  RealtimeVM: { plural: 'realtimevms', shortName: 'rtvm', scope: 'Namespaced', schema: realtimeVm },
  RealtimeVMClass: { plural: 'realtimevmclasses', shortName: 'rtvmc', scope: 'Cluster', schema: realtimeVmClass },
  RealtimeImage: { plural: 'realtimeimages', shortName: 'rtimg', scope: 'Namespaced', schema: realtimeImage },
  RealtimeNode: { plural: 'realtimenodes', shortName: 'rtnode', scope: 'Cluster', schema: realtimeNode },
  RealtimeAllocation: { plural: 'realtimeallocations', shortName: 'rtalloc', scope: 'Cluster', schema: realtimeAllocation },
};

export const kindNames: readonly Kind[] = ['RealtimeVM', 'RealtimeVMClass', 'RealtimeImage', 'RealtimeNode', 'RealtimeAllocation'];

export function isKind(text: unknown): text is Kind {
  return typeof text === 'string' && (kindNames as readonly string[]).includes(text);
}

/** A resource's name among those of all kinds. */
export interface ResourceRef {
  readonly kind: Kind;
  /** Absent for a kind of the whole cluster. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

export function refOf(resource: Resource): ResourceRef {
  const { kind, metadata } = resource;
  return { kind, namespace: 'namespace' in metadata ? metadata.namespace : undefined, name: metadata.name };
}

/** `RealtimeVM default/probe`, `RealtimeNode host-a`. */
export function formatRef({ kind, namespace, name }: ResourceRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

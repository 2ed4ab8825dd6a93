/** Branded numbers and strings, so that a pCPU cannot be passed where a vCPU or a host NUMA node is meant. */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A host CPU by kernel number. */
export type CpuId = Branded<number, 'CpuId'>;
/** A guest CPU, 0-based. */
export type VcpuId = Branded<number, 'VcpuId'>;
/** A host NUMA node by kernel number. */
export type NumaNodeId = Branded<number, 'NumaNodeId'>;
/** The UID of a RealtimeVM: its identity on every host, and its domain's UUID unless `firmware.uuid` says otherwise. */
export type VmUid = Branded<string, 'VmUid'>;

export const cpuId = (kernelNumber: number): CpuId => kernelNumber as CpuId;
export const vcpuId = (index: number): VcpuId => index as VcpuId;
export const numaNodeId = (kernelNumber: number): NumaNodeId => kernelNumber as NumaNodeId;
export const vmUid = (uid: string): VmUid => uid as VmUid;

/** Which RealtimeVM something belongs to. */
export interface VmIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: VmUid;
}

/** What the server of the page tells it: types alone, for both sides. CPU numbers are the kernel's. */

/** Shared CPUs name every VM whose floating vCPUs or emulator threads run there, by index into {@link NodeView.vms}. */
export type CpuCell =
  | readonly [cpu: number, use: 'realtime' | 'vcpu', vm: number, vcpu: number, emulator: 0 | 1]
  | readonly [cpu: number, use: 'emulator' | 'idle', vm: number]
  | readonly [cpu: number, use: 'shared', vms: readonly number[]]
  | readonly [cpu: number, use: 'free' | 'host'];

export type CpuUseName = CpuCell[1];

/** Huge pages of one size on one host NUMA node. */
export interface PagesView {
  /** `2Mi`. */
  readonly size: string;
  readonly total: number;
  /** Held by guests, or kept back by the administrator. */
  readonly taken: number;
}

export interface NumaView {
  readonly id: number;
  /** Each core as its SMT siblings. */
  readonly cores: readonly (readonly CpuCell[])[];
  readonly pages: readonly PagesView[];
}

/** A VM on a node, as the node's own table has it. */
export interface PlacedVm {
  /** `namespace/name`; the domain of an orphan whose VM is not known. */
  readonly key: string;
  /** Its short name on the node, for as long as it is there. */
  readonly letter: string;
  /** 0 to {@link colours} - 1. */
  readonly colour: number;
  /** It runs with nothing that says so. */
  readonly orphan: boolean;
  /** What the last audit saw: findings that make it unverified, and warnings. */
  readonly errors: number;
  readonly warnings: number;
  /** vCPUs whose threads the errors are about; none where they are about the whole VM. */
  readonly flagged: readonly number[];
  readonly phase: string;
}

export const colours = 8;

/** `bad`: a guarantee or the node is lost; `warn`: a person should look; `note`: meant so. */
export type MarkLevel = 'bad' | 'warn' | 'note';

/** Something about a node that one should know at a glance. */
export interface NodeMark {
  readonly level: MarkLevel;
  /** A word or two: `not ready`. */
  readonly label: string;
  readonly text: string;
}

export interface NodeView {
  readonly name: string;
  readonly marks: readonly NodeMark[];
  readonly numa: readonly NumaView[];
  readonly vms: readonly PlacedVm[];
  /** CPUs that may be given to one vCPU each, and how many of them are. */
  readonly dedicated: number;
  readonly taken: number;
}

export type Truth = 'True' | 'False' | 'Unknown';

export interface VmView {
  /** `namespace/name`. */
  readonly key: string;
  readonly phase: string;
  /** Absent where the VM is not meant to run, or nothing has been said yet. */
  readonly ready?: Truth;
  /** Absent without realtime. */
  readonly verified?: Truth;
  readonly node?: string;
  /** pCPUs of its dedicated vCPUs. */
  readonly cpus?: string;
  readonly deleting?: true;
  /** Why it is not ready, where it should be. */
  readonly reason?: string;
  readonly message?: string;
  readonly errors: number;
  readonly warnings: number;
}

/** One batch of what has changed. Objects come whole, each at most once. */
export interface Change {
  readonly nodes: readonly NodeView[];
  readonly vms: readonly VmView[];
  readonly goneNodes: readonly string[];
  readonly goneVms: readonly string[];
}

/** How well the server itself sees. */
export interface Sight {
  /** Everything that is there has been told at least once. */
  readonly complete: boolean;
  /** Why what is shown may be old. */
  readonly problems: readonly string[];
}

export interface Hello {
  readonly version: string;
  /** The context's or directory's name, for the title; empty where the address says enough. */
  readonly title: string;
}

export interface ConditionView {
  readonly type: string;
  readonly status: Truth;
  readonly reason: string;
  readonly message: string;
  readonly since: string;
}

export interface FindingView {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly subject: string;
  readonly expected: string;
  readonly observed: string;
  readonly message: string;
}

/** Answer of `vms/NAMESPACE/NAME`. */
export interface VmDetails {
  readonly key: string;
  readonly uid: string;
  readonly created: string;
  /** Label and text, in order. */
  readonly facts: readonly (readonly [label: string, text: string])[];
  readonly pins: readonly { readonly vcpu: number; readonly cpus: string; readonly realtime: boolean; readonly floats: boolean }[];
  readonly findings: readonly FindingView[];
  readonly conditions: readonly ConditionView[];
}

export interface CheckView {
  readonly name: string;
  readonly result: 'Pass' | 'Warn' | 'Fail' | 'Unknown';
  readonly observed: string;
  readonly wanted: string;
  readonly remedy?: string;
}

/** Answer of `nodes/NAME`. */
export interface NodeDetails {
  readonly name: string;
  readonly facts: readonly (readonly [label: string, text: string])[];
  readonly checks: readonly CheckView[];
  readonly orphans: readonly { readonly domain: string; readonly vm?: string }[];
  readonly conditions: readonly ConditionView[];
}

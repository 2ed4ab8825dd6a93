// What rtvm has written into its state directory, read as the JSON that it is: no store, no schema.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StoredVm {
  readonly metadata: { readonly uid: string; readonly generation: number; readonly deletionTimestamp?: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly phase?: string;
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
    readonly domain?: { readonly uuid: string; readonly startedAt: string; readonly restarts: number };
    readonly findings?: readonly { readonly code: string; readonly severity: string; readonly subject: string; readonly expected: string; readonly observed: string }[];
  };
}

export interface StoredGuest {
  readonly vm: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly desired: string;
  readonly placement: {
    readonly vcpuPins: readonly { readonly vcpu: number; readonly cpu?: number; readonly cpus?: string }[];
    readonly emulatorCpus: string;
    readonly reservedCpus: string;
  };
}

interface StoredAllocation {
  readonly spec: { readonly guests: readonly StoredGuest[] };
}

interface StoredNode {
  readonly status?: { readonly orphans?: readonly { readonly domain: string; readonly vm?: { readonly name: string } }[] };
}

export function storedVm(stateDir: string, name: string): StoredVm | undefined {
  return read(stateDir, `RealtimeVM_default_${name}`) as StoredVm | undefined;
}

/** What guests hold of the node; none where there is no table. */
export function storedGuests(stateDir: string, node: string): readonly StoredGuest[] {
  return (read(stateDir, `RealtimeAllocation__${node}`) as StoredAllocation | undefined)?.spec.guests ?? [];
}

export function storedNode(stateDir: string, node: string): StoredNode | undefined {
  return read(stateDir, `RealtimeNode__${node}`) as StoredNode | undefined;
}

/** `True Verified`, say; undefined where the VM does not carry the condition. */
export function conditionOf(vm: StoredVm | undefined, type: string): string | undefined {
  const found = vm?.status?.conditions?.find((condition) => condition.type === type);
  return found === undefined ? undefined : `${found.status} ${found.reason}`;
}

/** Where the file of an object is. */
export function objectFile(stateDir: string, stem: string): string {
  return join(stateDir, 'state/objects', `${stem}.json`);
}

function read(stateDir: string, stem: string): unknown {
  try {
    return (JSON.parse(readFileSync(objectFile(stateDir, stem), 'utf8')) as { readonly object: unknown }).object;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

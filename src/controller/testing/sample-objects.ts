/** Objects as stores give them, for tests of what is decided on them. */
import { granted } from '../../crds/grant.ts';
import type { GrantedGuest } from '../../crds/grant.ts';
import { guestToWire } from '../../crds/guest-wire.ts';
import type { PlacementWire } from '../../crds/placement-schema.ts';
import type { AllocatedGuest, UnlistedDomain } from '../../crds/realtime-allocation.ts';
import type { VmRun } from '../../crds/realtime-vm-status.ts';
import { sampleGuest } from '../../realtime/place/sample-hosts.ts';
import type { Stored } from '../../store/resource.ts';

type Table = Stored<'RealtimeAllocation'>;

const base = { generation: 1, creationTimestamp: '2026-01-31T12:00:00Z' };

export function placementOn(cpu: number, nodeName = 'n1'): PlacementWire {
  return {
    nodeName, cells: [], vcpuPins: [{ vcpu: 0, cpu }], realtimeVcpus: '', emulatorCpus: '', reservedCpus: '', devices: [],
    extraMemoryMiB: 0,
  };
}

export interface SampleEntry {
  readonly cpu?: number;
  readonly desired?: AllocatedGuest['desired'];
  readonly nodeLocal?: boolean;
  readonly salt?: string;
}

/** Of VM `ran/NAME`, whose UID is `uid-NAME`. */
export function entryOf(
  name: string, { cpu = 1, desired = 'Running', nodeLocal = false, salt = 'salt' }: SampleEntry = {},
): GrantedGuest {
  const guest = guestToWire(sampleGuest({ vcpus: 1 }));
  const disk = { name: 'root', persistence: 'NodeLocal' } as (typeof guest)['disks'][number];
  return granted({
    vm: { namespace: 'ran', name, uid: `uid-${name}` }, generation: 1, desired, request: 'r1',
    guest: nodeLocal ? { ...guest, disks: [disk] } : guest, placement: placementOn(cpu),
  }, salt);
}

/** As a controller of the version before has written it. */
export function withoutGrant(entry: AllocatedGuest): AllocatedGuest {
  return { ...entry, grant: undefined };
}

/** The domain of an entry, as an agent states it whose table does not have the entry. */
export function unlistedOf({ vm, generation, guest, placement, grant }: GrantedGuest): UnlistedDomain {
  const uuid = '00000000-0000-4000-8000-000000000000';
  return {
    grant: grant.name, domain: `rtvm-ran-${vm.name}`, uuid, vm, generation, salt: grant.salt, guest, placement,
  };
}

export function tableOf(
  spec: Partial<Table['spec']>, status?: Table['status'], metadata: Partial<Table['metadata']> = {},
): Table {
  return {
    apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeAllocation',
    metadata: { ...base, namespace: '', name: 'n1', uid: 'uid-n1', resourceVersion: '1', ...metadata },
    spec: { guests: [], ...spec }, ...(status === undefined ? {} : { status }),
  };
}

export function vmOf(name: string, run?: VmRun, metadata: Partial<Stored<'RealtimeVM'>['metadata']> = {}): Stored<'RealtimeVM'> {
  return {
    apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM',
    metadata: { ...base, namespace: 'ran', name, uid: `uid-${name}`, resourceVersion: '1', ...metadata },
    spec: {}, status: run === undefined ? {} : { run },
  } as Stored<'RealtimeVM'>;
}

/** The open run of an entry. */
export function runOf({ grant, placement }: GrantedGuest, more: Partial<VmRun> = {}): VmRun {
  return { count: 1, grant: grant.name, node: placement.nodeName, state: 'Open', ...more };
}

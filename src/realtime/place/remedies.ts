/** What a guest could ask for instead so that it would fit on a host: only what has been tried there. Rule 4.19. */
import { CpuSet } from '../cpu-set.ts';
import type { Guest, GuestCell } from '../guest.ts';
import type { VcpuId } from '../ids.ts';
import { pageStepMiB } from '../resolve/memory.ts';
import { demandOf } from './demand.ts';
import type { Demand } from './demand.ts';
import { fitHost } from './fit-host.ts';
import type { HostState } from './host-state.ts';

export type Remedy = 'coreSharing' | 'threadPolicy' | 'nodes' | 'numaAffinity';

const besideOthers = 'coreSharing Allow (beside other VMs on a core)';
const besideRealtime = 'coreSharing Allow (emulator threads beside realtime vCPUs or other VMs)';

/** Guests that ask for something else, and what that is; the first that fits is named. */
const changes: Readonly<Record<Remedy, (guest: Guest) => readonly Change[]>> = {
  coreSharing: (guest) => {
    // Whole cores are whole cores: only single CPUs, and an emulator on one, may be beside others.
    const isMoot = guest.cpu.threadPolicy !== 'Prefer' && guest.cpu.emulatorThreads !== 'Isolate';
    if (guest.cpu.coreSharing === 'Allow' || isMoot) return [];
    return [
      {
        words: guest.cpu.emulatorThreads === 'Isolate' ? besideRealtime : besideOthers,
        guest: { ...guest, cpu: { ...guest.cpu, coreSharing: 'Allow' } },
      },
    ];
  },
  threadPolicy: (guest) => {
    if (guest.cpu.threadPolicy === 'Prefer') return [];
    return [{ words: 'threadPolicy Prefer', guest: { ...guest, cpu: { ...guest.cpu, threadPolicy: 'Prefer' } } }];
  },
  nodes: (guest) =>
    nodeCounts(guest).map((count) => ({
      words: `numa.nodes: ${count}`,
      guest: { ...guest, cells: evenCells(guest, count) },
    })),
  numaAffinity: (guest) => [
    {
      words: 'numaAffinity Preferred',
      guest: { ...guest, hostDevices: guest.hostDevices.map((device) => ({ ...device, numaAffinity: 'Preferred' })) },
    },
  ],
};

interface Change {
  readonly words: string;
  readonly guest: Guest;
}

interface Trial {
  readonly words: string;
  readonly demand: Demand;
}

/** The same for every host, and there may be thousands. */
const known = new WeakMap<Demand, Map<Remedy, readonly Trial[]>>();

/** What would fit on the host as it is now: of each kind the first that does. */
export function remediesThatHelp(host: HostState, demand: Demand, remedies: readonly Remedy[]): readonly string[] {
  return remedies.flatMap((remedy) => {
    const able = trialsOf(demand, remedy).filter((trial) => trial.demand.cells.length <= host.nodes.length);
    const helps = able.find((trial) => fitHost(host, trial.demand) !== undefined);
    return helps === undefined ? [] : [helps.words];
  });
}

function trialsOf(demand: Demand, remedy: Remedy): readonly Trial[] {
  const trials = known.get(demand) ?? new Map<Remedy, readonly Trial[]>();
  known.set(demand, trials);
  const own =
    trials.get(remedy) ??
    changes[remedy](demand.guest).map(({ words, guest }) => ({ words, demand: demandOf(guest) }));
  trials.set(remedy, own);
  return own;
}

/** As many even cells as `numa.nodes` could ask for, the fewest first; none where the guest's own are not even. */
function nodeCounts(guest: Guest): readonly number[] {
  const { vcpus } = guest.cpu;
  const now = guest.cells.length;
  const isEven =
    now > 0 &&
    guest.cells.every((cell, index) => {
      const wanted = evenCells(guest, now)[index]!;
      return cell.memoryMiB === wanted.memoryMiB && cell.vcpus.equals(wanted.vcpus);
    });
  if (!isEven) return [];
  return Array.from({ length: mostNodes }, (_, index) => index + 1).filter(
    (count) =>
      count !== now &&
      vcpus % count === 0 &&
      guest.memory.sizeMiB % (count * pageStepMiB(guest.memory.pageSize)) === 0,
  );
}

/** As the API accepts. */
const mostNodes = 16;

function evenCells({ cpu: { vcpus }, memory: { sizeMiB } }: Guest, count: number): readonly GuestCell[] {
  const each = Math.floor(vcpus / count);
  return Array.from({ length: count }, (_, index) => ({
    vcpus: CpuSet.range<VcpuId>(index * each, (index + 1) * each - 1),
    memoryMiB: sizeMiB / count,
  }));
}

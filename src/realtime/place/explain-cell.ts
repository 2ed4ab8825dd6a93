/** What stands in the way of one guest cell on one host NUMA node. */
import type { RefusalReason } from '../decision.ts';
import { roomFor } from './core-rules.ts';
import type { CellDemand, Demand } from './demand.ts';
import { holdsFloating } from './fit-cell.ts';
import { plural } from './host-checks.ts';
import type { HostState } from './host-state.ts';
import { freePages, isSmall, smallFreeMiB } from './node-state.ts';
import type { NodeState } from './node-state.ts';
import { accepts, choosePageSize } from './pages.ts';
import { pickCores } from './pick-cores.ts';
import type { Remedy } from './remedies.ts';

export interface CellObstacle {
  /** How far the node came: the higher, the nearer it is to holding the cell. */
  readonly stage: number;
  readonly reason: RefusalReason;
  readonly message: () => string;
  /** What might help, to be tried. */
  readonly remedies: readonly Remedy[];
}

/** Undefined exactly where the cell fits on the node. */
export function cellObstacle(
  host: HostState,
  node: NodeState,
  cell: CellDemand,
  demand: Demand,
): CellObstacle | undefined {
  return cpuObstacle(node, cell, demand) ?? floatingObstacle(host, node, cell) ?? memoryObstacle(node, cell, demand);
}

const coreRemedies: readonly Remedy[] = ['coreSharing', 'threadPolicy', 'nodes'];

function cpuObstacle(node: NodeState, cell: CellDemand, { guest }: Demand): CellObstacle | undefined {
  const wanted = cell.dedicated.length;
  const all = wanted + (cell.emulator ? 1 : 0);
  const here = `on host NUMA node ${node.id}`;
  const forCell = `needed for guest cell ${cell.cell}`;
  if (node.freeCpus < all) {
    return {
      stage: 0,
      reason: 'TooFewDedicatedCpus',
      remedies: ['nodes'],
      message: () =>
        `${node.freeCpus} free dedicated ${plural(node.freeCpus, 'CPU')} ${here}, ${all} ${forCell}${cell.emulator ? ' (one of them for the emulator threads)' : ''}`,
    };
  }
  const room = node.cores.reduce((sum, core) => sum + roomFor(core, guest.cpu), 0);
  if (room < wanted) {
    return {
      stage: 1,
      reason: 'TooFewWholeCores',
      remedies: coreRemedies,
      message: () => `${coreShortage(room, here, guest.cpu.threadPolicy)}, ${wanted} ${forCell}`,
    };
  }
  if (pickCores(node, cell, guest.cpu) === undefined) {
    const vcpus = `the ${wanted} dedicated ${plural(wanted, 'vCPU')} of guest cell ${cell.cell}`;
    return {
      stage: 2,
      reason: 'NoRoomForEmulator',
      remedies: coreRemedies,
      message: () => `room for ${vcpus} ${here}, but no CPU left for the emulator threads on a core of their own`,
    };
  }
  return undefined;
}

function coreShortage(room: number, here: string, threadPolicy: Demand['guest']['cpu']['threadPolicy']): string {
  switch (threadPolicy) {
    case 'Isolate':
      return `${room} wholly free ${plural(room, 'core')} ${here}`;
    case 'Require':
      return `${room} ${plural(room, 'CPU')} on wholly free cores ${here}`;
    case 'Prefer':
      return `${room} free dedicated ${plural(room, 'CPU')} on cores without another VM ${here}`;
  }
}

function floatingObstacle(host: HostState, node: NodeState, cell: CellDemand): CellObstacle | undefined {
  if (holdsFloating(host, node, cell)) return undefined;
  const figures = `${node.sharedCount} shared ${plural(node.sharedCount, 'CPU')} on host NUMA node ${node.id}`;
  return node.sharedCount === 0
    ? {
        stage: 3,
        reason: 'NoSharedCpus',
        remedies: [],
        message: () =>
          `no ${figures.slice(2)}, needed for ${cell.floating} floating ${plural(cell.floating, 'vCPU')} of guest cell ${cell.cell}`,
      }
    : {
        stage: 3,
        reason: 'SharedCpusFull',
        remedies: ['nodes'],
        message: () =>
          `${figures} with ${node.floating} floating vCPUs (at most ${host.inventory.vcpusPerSharedCpu} each, and no guest cell more than there are CPUs), ${cell.floating} more needed for guest cell ${cell.cell}`,
      };
}

function memoryObstacle(node: NodeState, cell: CellDemand, { guest }: Demand): CellObstacle | undefined {
  const { pageSize } = guest.memory;
  if (choosePageSize(node, cell, pageSize) !== undefined) return undefined;
  const here = `on host NUMA node ${node.id}`;
  const smallFree = Math.max(0, smallFreeMiB(node));
  if (cell.extraMemoryMiB > smallFree)
    return {
      stage: 4,
      reason: 'TooLittleMemory',
      remedies: ['nodes'],
      message: () =>
        `${smallFree} MiB of small-page memory free ${here}, ${cell.extraMemoryMiB} MiB needed for QEMU itself`,
    };
  if (pageSize === 'Small')
    return {
      stage: 4,
      reason: 'TooLittleMemory',
      remedies: ['nodes'],
      message: () =>
        `${smallFree} MiB of small-page memory free ${here}, ${cell.memoryMiB + cell.extraMemoryMiB} MiB needed for guest cell ${cell.cell}`,
    };
  const sizes = node.hugepages
    .map(({ sizeKiB }) => sizeKiB)
    .filter((sizeKiB) => accepts(pageSize, sizeKiB) && !isSmall(sizeKiB));
  const asked = pageSize === 'Large' || pageSize === 'Any' ? 'huge' : pageSize;
  if (sizes.length === 0)
    return {
      stage: 4,
      reason: 'TooFewHugepages',
      remedies: ['nodes'],
      message: () => `no ${asked} pages ${here}, ${cell.memoryMiB} MiB of them needed for guest cell ${cell.cell}`,
    };
  const whole = sizes.filter((sizeKiB) => Number.isInteger((cell.memoryMiB * 1024) / sizeKiB));
  if (whole.length === 0)
    return {
      stage: 4,
      reason: 'PageSizeMismatch',
      remedies: ['nodes'],
      message: () =>
        `the ${cell.memoryMiB} MiB of guest cell ${cell.cell} are no whole number of ${sizes.map(pageName).join(' or ')} pages`,
    };
  const free = (sizeKiB: number) =>
    `${freePages(node, sizeKiB)} free ${pageName(sizeKiB)} pages ${here}, ${(cell.memoryMiB * 1024) / sizeKiB} needed`;
  return {
    stage: 4,
    reason: 'TooFewHugepages',
    remedies: ['nodes'],
    message: () => `${whole.map(free).join('; or ')} for guest cell ${cell.cell}`,
  };
}

/** As the API writes page sizes: `2Mi`, `1Gi`. */
export function pageName(sizeKiB: number): string {
  if (sizeKiB % 1_048_576 === 0) return `${sizeKiB / 1_048_576}Gi`;
  return sizeKiB % 1024 === 0 ? `${sizeKiB / 1024}Mi` : `${sizeKiB}Ki`;
}

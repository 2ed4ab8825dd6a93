/** Says in one sentence where a VM went. */
import { smallPageKiB } from '../../realtime/host.ts';
import type { Placement, VcpuPin } from '../../realtime/placement.ts';
import type { Glyphs } from './glyphs.ts';
import { formatMiB, formatPageSize } from './units.ts';

/**
 * The parts of `du-1 → host-a: vCPU 0→4 1-3→5-7*; emulator 4; FIFO 1; 2 GiB in 1Gi pages on node 0`, to be joined by
 * `; `. Pins are listed in the order of the vCPUs. A star marks realtime vCPUs, a tilde those that float over shared CPUs.
 */
export function describePlacement(name: string, placement: Placement, { arrow }: Glyphs): string[] {
  const idle = placement.reservedCpus.minus(placement.emulatorCpus);
  return [
    `${name} ${arrow} ${placement.host}: vCPU ${pinRuns(placement).map((run) => describeRun(run, arrow)).join(' ')}`,
    `emulator ${placement.emulatorCpus.toString()}`,
    ...(idle.isEmpty ? [] : [`kept idle ${idle.toString()}`]),
    ...(placement.priority === undefined ? [] : [`FIFO ${placement.priority}`]),
    ...placement.cells.map((cell) => {
      const pages = cell.pageSizeKiB === smallPageKiB ? 'small pages' : `${formatPageSize(cell.pageSizeKiB)} pages`;
      return `${formatMiB(cell.memoryMiB)} in ${pages} on node ${cell.hostNode}`;
    }),
    ...placement.devices.map((device) => `${device.name} ${device.address}`),
  ];
}

/** vCPUs that follow each other and are pinned and scheduled in the same way; never empty. */
interface PinRun {
  readonly pins: readonly VcpuPin[];
  readonly realtime: boolean;
}

function pinRuns({ vcpuPins, realtimeVcpus }: Placement): PinRun[] {
  const runs: PinRun[] = [];
  for (const pin of vcpuPins) {
    const realtime = realtimeVcpus.has(pin.vcpu);
    const last = runs.at(-1);
    if (last?.realtime === realtime && alike(last.pins[0]!, pin)) runs[runs.length - 1] = { realtime, pins: [...last.pins, pin] };
    else runs.push({ realtime, pins: [pin] });
  }
  return runs;
}

function alike(one: VcpuPin, other: VcpuPin): boolean {
  return one.kind === 'floating' ? other.kind === 'floating' && one.cpus.equals(other.cpus) : other.kind === 'dedicated';
}

function describeRun({ pins, realtime }: PinRun, arrow: string): string {
  const first = pins[0]!;
  const vcpus = pins.length === 1 ? String(first.vcpu) : `${first.vcpu}-${pins.at(-1)!.vcpu}`;
  const cpus = first.kind === 'floating' ? `~${first.cpus.toString()}` : listInOrder(pins.flatMap((pin) => (pin.kind === 'dedicated' ? [pin.cpu] : [])));
  return `${vcpus}${arrow}${cpus}${realtime ? '*' : ''}`;
}

/** Numbers in their own order, those that count up joined: `2,66,3-5`. */
function listInOrder(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range?.[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

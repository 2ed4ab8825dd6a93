/** What the page says of CPUs and nodes, short and in full. */
import type { CpuCell, NodeView, PlacedVm } from '../wire.ts';

/** On the CPU itself, as `rtvm plan` draws it: `A1*` is vCPU 1 of VM A, realtime. */
export function cpuLabel(cell: CpuCell, vms: readonly PlacedVm[]): string {
  switch (cell[1]) {
    case 'realtime': return `${letter(vms, cell[2])}${cell[3]}*${cell[4] === 1 ? 'e' : ''}`;
    case 'vcpu': return `${letter(vms, cell[2])}${cell[3]}${cell[4] === 1 ? 'e' : ''}`;
    case 'emulator': return `${letter(vms, cell[2])}e`;
    case 'idle': return `${letter(vms, cell[2])}x`;
    case 'shared': return cell[2].length === 0 ? '~' : cell[2].length === 1 ? `~${letter(vms, cell[2][0]!)}` : `~${cell[2].length}`;
    case 'free': return '·';
    case 'host': return '–';
  }
}

/** `CPU 2: vCPU 1 of default/probe, realtime; the last audit found errors`. */
export function cpuSentence(cell: CpuCell, vms: readonly PlacedVm[]): string {
  const what = cpuWhat(cell, vms);
  return `CPU ${cell[0]}: ${what}${isFlagged(cell, vms) ? '; the last audit found errors' : ''}`;
}

function cpuWhat(cell: CpuCell, vms: readonly PlacedVm[]): string {
  const name = (index: number) => `${vms[index]!.key}${vms[index]!.orphan ? ' (orphan)' : ''}`;
  switch (cell[1]) {
    case 'realtime':
    case 'vcpu': return `vCPU ${cell[3]} of ${name(cell[2])}, ${cell[1] === 'realtime' ? 'realtime' : 'housekeeping'}${cell[4] === 1 ? ', and emulator threads' : ''}`;
    case 'emulator': return `emulator threads of ${name(cell[2])}`;
    case 'idle': return `kept idle for ${name(cell[2])}`;
    case 'shared': return cell[2].length === 0 ? 'shared, used by no VM' : `shared, used by ${cell[2].map(name).join(', ')}`;
    case 'free': return 'free';
    case 'host': return "the host's own";
  }
}

/** The VMs that use a CPU, as indices. */
export function vmsAt(cell: CpuCell): readonly number[] {
  switch (cell[1]) {
    case 'realtime':
    case 'vcpu':
    case 'emulator':
    case 'idle': return [cell[2]];
    case 'shared': return cell[2];
    case 'free':
    case 'host': return [];
  }
}

/** Whether an audit's errors are about what runs here. */
export function isFlagged(cell: CpuCell, vms: readonly PlacedVm[]): boolean {
  if (cell[1] !== 'realtime' && cell[1] !== 'vcpu') return false;
  const { errors, flagged } = vms[cell[2]]!;
  return errors > 0 && (flagged.length === 0 || flagged.includes(cell[3]));
}

/** `64 dedicated CPUs, 12 free; 5 VMs`. */
export function nodeSummary({ dedicated, taken, vms }: NodeView): string {
  return `${count(dedicated, 'dedicated CPU')}, ${dedicated - taken} free; ${count(vms.length, 'VM')}`;
}

export function count(number: number, thing: string): string {
  return `${grouped(number)} ${thing}${number === 1 ? '' : 's'}`;
}

/** `12,345`. */
export function grouped(number: number): string {
  return number.toLocaleString('en-GB');
}

function letter(vms: readonly PlacedVm[], index: number): string {
  return vms[index]!.letter;
}

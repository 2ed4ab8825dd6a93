/** What is written on one CPU of the picture, and what its marks mean. */
import type { Style, TextFormat } from '../style.ts';
import type { CpuUse, DrawnVm } from './cpu-use.ts';
import type { Glyphs } from './glyphs.ts';

/** Without red, which reads as an error. */
const palette = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const;

/** `A1*`: vCPU 1 of VM A, realtime. Never longer than the VM's letters, the vCPU's number and two marks. */
export function cpuLabel(use: CpuUse, glyphs: Glyphs): string {
  switch (use.kind) {
    case 'vcpu': return `${use.vm.letter}${use.vcpu}${use.realtime ? '*' : ''}${use.emulator ? 'e' : ''}`;
    case 'emulator': return `${use.vm.letter}e`;
    case 'idle': return `${use.vm.letter}x`;
    case 'shared': return `~${sharers(use.vms)}`;
    case 'free': return glyphs.free;
    case 'host': return '-';
  }
}

/** One VM in full; of more, the first is named (a planned one if there is any) and the rest counted, so that one CPU does not widen them all. */
function sharers(vms: readonly { readonly vm: DrawnVm; readonly emulator: boolean }[]): string {
  const named = vms.find(({ vm }) => vm.planned) ?? vms[0];
  if (named === undefined) return '';
  return vms.length === 1 ? `${named.vm.letter}${named.emulator ? 'e' : ''}` : `${named.vm.letter}+${vms.length - 1}`;
}

/** Colour on top of the label: a VM planned now stands out, its realtime vCPUs most. */
export function cpuFormat(use: CpuUse): TextFormat {
  switch (use.kind) {
    case 'vcpu': return use.vm.planned ? [vmColour(use.vm), 'bold', ...(use.realtime ? ['inverse' as const] : [])] : 'dim';
    case 'emulator':
    case 'idle': return use.vm.planned ? vmColour(use.vm) : 'dim';
    case 'shared': return use.vms.some(({ vm }) => vm.planned) ? vmColour(use.vms.find(({ vm }) => vm.planned)!.vm) : 'reset';
    case 'free': return 'green';
    case 'host': return 'dim';
  }
}

/** A colour of its own for each of the first VMs, by its letter. */
export function vmColour(vm: Pick<DrawnVm, 'letter'>): (typeof palette)[number] {
  return palette[vm.letter.charCodeAt(vm.letter.length - 1) % palette.length]!;
}

/** What each mark means, of those alone that occur. */
export function describeMarks(uses: Iterable<CpuUse>, glyphs: Glyphs, style: Style): string[] {
  const all = [...uses];
  const emulator = (use: CpuUse) => use.kind === 'emulator' || (use.kind === 'vcpu' && use.emulator) || (use.kind === 'shared' && use.vms.some((sharer) => sharer.emulator));
  const marks: readonly (readonly [occurs: (use: CpuUse) => boolean, mark: string, meaning: string])[] = [
    [(use) => use.kind === 'vcpu', 'A0', 'vCPU 0 of VM A'],
    [(use) => use.kind === 'vcpu' && use.realtime, '*', 'realtime'],
    [emulator, 'e', 'emulator threads'],
    [(use) => use.kind === 'idle', 'x', 'kept idle'],
    [(use) => use.kind === 'shared', '~', 'shared'],
    [(use) => use.kind === 'free', glyphs.free, 'free'],
    [(use) => use.kind === 'host', '-', "the host's own"],
  ];
  return marks.filter(([occurs]) => all.some(occurs)).map(([, mark, meaning]) => `${style('bold', mark)} ${meaning}`);
}

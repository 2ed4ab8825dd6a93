// The tables of docs/rules.md, each row put to the code.
import { describe, expect, it } from 'vitest';
import { CpuSet, unionOf } from '../../../src/realtime/cpu-set.ts';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import { claimedCpus, sampleGuest, sampleHost } from '../../../src/realtime/place/sample-hosts.ts';
import type { SampleGuest } from '../../../src/realtime/place/sample-hosts.ts';
import { pinCpus } from '../../../src/realtime/placement.ts';
import { resolveCpu } from '../../../src/realtime/resolve/cpu.ts';
import { imageOf } from '../../../src/realtime/resolve/samples.ts';
import type { CpuSpec, ThreadPolicy } from '../../../src/realtime/spec.ts';
import { pages } from './pages.ts';

const { text } = pages.find(({ path }) => path === 'docs/rules.md')!;

/** The cells of each row of the table with this head, as written. */
function rowsOf(head: string): readonly (readonly string[])[] {
  const [, after = ''] = text.split(`\n${head}\n`);
  const [, ...lines] = after.split('\n\n')[0]!.split('\n');
  return lines.map((line) => line.replaceAll(/^\||\|$/g, '').split('|').map((cell) => cell.trim()));
}

/** What stands in backticks, spaces included. */
function spansOf(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, span]) => span!);
}

const masks = rowsOf('| vCPUs | mask | emulator threads | realtime vCPUs | |');
const placements = rowsOf('| nodes | cores | taken | cells | asks for | vCPUs go to | emulator | reserved | |');

describe('masks', () => {
  it.each(masks.map((cells) => ({ title: cells.slice(0, 4).join(' | '), cells })))('$title', ({ cells }) => {
    const [vcpus = '', mask = '', emulator = '', expected = ''] = cells;
    const [own, images] = spansOf(mask);
    expect(own === undefined).toBe(mask === 'absent');
    const [emulatorThreads] = spansOf(emulator) as NonNullable<CpuSpec['emulatorThreads']>[];
    const cpu: CpuSpec = { vcpus: Number(vcpus), policy: 'Dedicated', emulatorThreads, realtime: { mask: own } };
    const image = imageOf('masked', { realtimeMask: images });
    const result = resolveCpu(cpu, { path: 'spec.image.name', image });
    if (result.ok) expect(result.value.realtime?.vcpus.toString()).toBe(expected);
    else expect(result.problems.map(({ code }) => code)).toEqual(spansOf(expected));
  });

  it('are all there', () => {
    expect(masks.length).toBeGreaterThan(35);
  });
});

/** `Require`, `emulatorThreads: Isolate`, `realtime: 2-3`. */
function wishOf(asked: string | undefined): Partial<SampleGuest> {
  if (asked === undefined) return {};
  const [name, value] = asked.split(': ');
  return value === undefined ? { threadPolicy: asked as ThreadPolicy } : { [name!]: value };
}

describe('placement', () => {
  it.each(placements.map((cells) => ({ title: cells.slice(0, 6).join(' | '), cells })))('$title', ({ cells }) => {
    const [nodes = '', cores = '', taken = '', vcpus = '', asked = '', ...answer] = cells;
    const [expected = '', emulator = '', reserved = ''] = answer;
    const host = sampleHost({ nodes: nodes.split(' '), ...(cores === '' ? {} : { cores: cores.split(' ') }) });
    const guestCells = vcpus.split(' ');
    const count = unionOf(guestCells.map((cell) => CpuSet.parse(cell))).size;
    const guest = sampleGuest({ vcpus: count, cells: guestCells, ...wishOf(spansOf(asked)[0]) });
    const decision = new Cluster([host], [claimedCpus('host', taken)]).decide(guest);
    if (decision.kind === 'refused') {
      expect(expected).toBe('does not fit');
      return;
    }
    const { vcpuPins, emulatorCpus, reservedCpus } = decision.placement;
    const pins = vcpuPins.map((pin) => pinCpus(pin));
    expect(pins.map(String).join(' ')).toBe(expected);
    expect(emulatorCpus.toString()).toBe(emulator === '' ? unionOf(pins).toString() : emulator);
    expect(reservedCpus.toString()).toBe(reserved);
  });

  it('are all there', () => {
    expect(placements.length).toBeGreaterThan(20);
  });
});

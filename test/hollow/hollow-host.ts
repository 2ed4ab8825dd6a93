// What the hollow agents of one process share of a host: 64 CPUs on two NUMA nodes, once on disk however many nodes there are.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpackHost } from '../fixtures/hosts/host-fixture.ts';
import type { UnpackedHost } from '../fixtures/hosts/host-fixture.ts';
import { syntheticHost } from '../fixtures/hosts/synthetic-host.ts';
import type { SyntheticHost } from '../fixtures/hosts/synthetic-host.ts';

const halfOf = (first: number) => ({ id: first / 32, cpus: `${first}-${first + 31}`, memoryMiB: 131_072, distances: first === 0 ? '10 21' : '21 10', hugepages: { 2048: 8192 } });

/** Eight shared CPUs and 56 isolated ones, no SMT. */
const sixtyFourCpus: SyntheticHost = {
  online: '0-63',
  present: '0-63',
  isolated: '4-31,36-63',
  cores: Array.from({ length: 64 }, (_, cpu) => String(cpu)),
  level3: ['0-31', '32-63'],
  nodes: [halfOf(0), halfOf(32)],
  memoryMiB: 262_144,
  hugepages: {},
};

/** The host, with `probe.rom` in its directory `images`. */
export function unpackHollowHost(): UnpackedHost & { readonly imageRoot: string } {
  const host = unpackHost(new Map([
    ...syntheticHost(sixtyFourCpus),
    ['proc/sys/kernel/osrelease', '6.12.0-hollow'],
    ['proc/sys/kernel/version', '#1 SMP PREEMPT_RT'],
  ]));
  const imageRoot = join(host.directory, 'images');
  mkdirSync(imageRoot);
  copyFileSync(join(import.meta.dirname, '../../guest/probe.rom'), join(imageRoot, 'probe.rom'));
  return { ...host, imageRoot };
}

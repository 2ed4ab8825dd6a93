// What one call to libvirt costs: our client on an open connection, and the virsh process that would do the same.
//
//   npm exec node bench/libvirt-calls.ts        (as root; starts a private libvirtd)
//
// Both ask the same libvirtd for the state of the same domain that is off, so neither waits for a QEMU. virsh connects anew each
// time, as a program that calls virsh does. Interleaved, and compared by medians, since other work shares the machine.
import { LibvirtClient } from '../src/libvirt/client.ts';
import { startPrivateLibvirtd } from '../test/testbed/libvirtd.ts';
import { tinyDomainXml } from '../test/testbed/tiny-domain.ts';

const rounds = 20;
const callsPerRound = 50;

function medianUs(samplesMs: readonly number[]): number {
  return samplesMs.toSorted((a, b) => a - b)[samplesMs.length >> 1]! * 1000;
}

await using libvirtd = await startPrivateLibvirtd();
using client = await LibvirtClient.open({ socketPath: libvirtd.socketPath });
const domain = await client.defineXml(tinyDomainXml('bench'));

async function timed(call: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await call();
  return performance.now() - since;
}

const calls: number[] = [];
const processes: number[] = [];
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < callsPerRound; i++) calls.push(await timed(() => client.getState(domain)));
  processes.push(await timed(() => libvirtd.virsh('domstate', 'bench')));
}
const atOnce = 1000;
const togetherMs = await timed(() => Promise.all(Array.from({ length: atOnce }, () => client.getState(domain))));

const [callUs, processUs] = [medianUs(calls), medianUs(processes)];
process.stdout.write(`getState, one after the other: median ${callUs.toFixed(0)} us of ${calls.length} calls
getState, ${atOnce} at once:        ${((togetherMs * 1000) / atOnce).toFixed(0)} us each
virsh domstate:                median ${processUs.toFixed(0)} us of ${processes.length} processes
one virsh process costs as much as ${(processUs / callUs).toFixed(0)} calls\n`);

import { describe, expect, it } from 'vitest';
import type { PlacementWire } from '../crds/placement-schema.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from '../realtime/domain/fixtures/inputs.ts';
import type { HostDomain } from './hypervisor.ts';
import { requireHostFree } from './live-claims.ts';
import type { StartClaims } from './live-claims.ts';
import { StartError } from './start-failure.ts';
import { domainOf, entryOf, payloadBefore } from './testing/entries.ts';

/** Has pCPUs 2-5 and 10-15 to itself, and two devices. */
const large = entryOf(dedicatedTwoCells);
/** Has pCPU 1 to itself. */
const small = entryOf(mixedRealtimeRom);
/** Floats over 0-1. */
const floating = entryOf(plainShared);

const uid = '11111111-1111-4111-8111-111111111111';
const nothing: PlacementWire = { ...floating.placement, vcpuPins: [] };
const start = (change: Partial<PlacementWire>): StartClaims => (
  { uid, name: 'rtvm-new', placement: { ...nothing, ...change } }
);
const cpu = (...cpus: readonly number[]) => start({ vcpuPins: cpus.map((one, vcpu) => ({ vcpu, cpu: one })) });
const device = (address: string) => start({ devices: [{ name: 'x', address }] });
const theirs = (change: Partial<HostDomain> = {}): HostDomain => (
  { name: 'theirs', uuid: uid, run: 'running', ...change }
);

function refusal(
  claims: StartClaims, domains: readonly HostDomain[], underWay: readonly StartClaims[] = [],
): readonly [string, string] | undefined {
  try {
    requireHostFree(claims, domains, underWay);
    return undefined;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [error.code, error.message];
  }
}

const remedy = 'it is started when that domain has ended, or halt it and let it be placed anew';
const ours = 'domain rtvm-ran-du-7, which runs on this host and has';
const hasTwelve = `pCPUs 12 are those of ${ours} them to itself`;
const unknown = 'domain rtvm-ran-du-7, which runs on this host, and does not say what it was made with';

describe('what a start claims', () => {
  it.each<[string, StartClaims, HostDomain, string, string]>([
    ['a CPU that one of ours has to itself', cpu(7, 12), domainOf(large), 'CpusTaken', hasTwelve],
    ['a CPU that is reserved beside one of ours', cpu(11), domainOf(large), 'CpusTaken',
      `pCPUs 11 are those of ${ours} them to itself`],
    ['a reserved CPU of its own that one of ours has', start({ reservedCpus: '10-11' }), domainOf(large),
      'CpusTaken', `pCPUs 10-11 are those of ${ours} them to itself`],
    ['a CPU of one that is paused', cpu(12), domainOf(large, { run: 'paused' }), 'CpusTaken', hasTwelve],
    ['a CPU of one that is being started, or switching off', cpu(12), domainOf(large, { run: 'changing' }),
      'CpusTaken', hasTwelve],
    ['a CPU of one that an agent without grants has made', cpu(12),
      domainOf(large, { payload: payloadBefore(large) }), 'CpusTaken', hasTwelve],
    ['a CPU that somebody else\'s is pinned to', cpu(3), theirs({ pinnedCpus: CpuSet.parse('0-3') }), 'CpusTaken',
      'pCPUs 3 are those of domain theirs, which runs on this host and is pinned to them, though it is not of rtvm'],
    ['a CPU that one of ours is pinned to, which does not say what it was made with', cpu(3),
      domainOf(large, { payload: '{', pinnedCpus: CpuSet.parse('2-3') }), 'CpusTaken',
      `pCPUs 3 are those of ${unknown}`],
    ['a PCI device of one of ours', device('0000:af:00.0'), domainOf(large), 'DeviceTaken',
      `PCI device 0000:af:00.0 is that of ${ours} them to itself`],
    ['a PCI device that one of ours has by its XML alone', device('0000:01:00.0'),
      domainOf(large, { devices: ['0000:01:00.0'] }), 'DeviceTaken',
      `PCI device 0000:01:00.0 is that of ${ours} them to itself`],
    ['a PCI device of somebody else\'s', device('0000:01:00.0'), theirs({ devices: ['0000:01:00.0'] }), 'DeviceTaken',
      'PCI device 0000:01:00.0 is that of domain theirs, which runs on this host and is pinned to them, though'],
    ['a PCI device of one of ours that does not say what it was made with', device('0000:01:00.0'),
      domainOf(large, { payload: '{}', devices: ['0000:01:00.0'] }), 'DeviceTaken',
      `PCI device 0000:01:00.0 is that of ${unknown}`],
    ['a disk of its own VM that another has', cpu(7),
      theirs({ disks: ['/iso', `/var/lib/rtvm/disks/${uid}/node-local/root.raw`] }), 'DiskInUse',
      `disk /var/lib/rtvm/disks/${uid}/node-local/root.raw is that of domain theirs, which runs on this host`],
  ])('is not free where it is %s', (_, claims, domain, reason, message) => {
    const [code, text = ''] = refusal(claims, [domainOf(small), domain]) ?? [];
    expect(code).toBe(reason);
    expect(text.startsWith(message)).toBe(true);
    expect(text.endsWith(remedy)).toBe(true);
  });

  it.each<[string, StartClaims, HostDomain]>([
    ['other CPUs', cpu(7, 8), domainOf(large)],
    ['CPUs of one that is off', cpu(12), domainOf(large, { run: 'off' })],
    ['a device of one that is off', device('0000:af:00.0'), domainOf(large, { run: 'off' })],
    ['CPUs that one of ours floats over', cpu(0), domainOf(floating)],
    ['CPUs that one of ours only floats over by its pins, as its grant says', cpu(0),
      domainOf(floating, { pinnedCpus: CpuSet.parse('0-1') })],
    ['CPUs that somebody else\'s floats over', cpu(3), theirs()],
    ['what nothing is known of', cpu(3), domainOf(large, { payload: '{' })],
    ['what its own VM\'s domain has', { ...cpu(12), uid: large.vm.uid }, domainOf(large)],
    ['a directory whose name begins as its own', cpu(7), theirs({ disks: [`/disks/${uid}0/root.raw`] })],
  ])('is free where it is %s', (_, claims, domain) => {
    expect(refusal(claims, [domain])).toBeUndefined();
  });

  it.each<[string, StartClaims, StartClaims, string | undefined]>([
    ['a CPU', cpu(7), { ...cpu(6, 7), uid: 'u', name: 'b' },
      'pCPUs 7 are those of domain b, which is being started on this host'],
    ['a device', device('0000:01:00.0'), { ...device('0000:01:00.0'), uid: 'u', name: 'b' },
      'PCI device 0000:01:00.0 is that of domain b, which is being started on this host'],
    ['nothing', cpu(7), { ...cpu(6), uid: 'u', name: 'b' }, undefined],
  ])('is compared with a start under way too, which has %s of it', (_, claims, underWay, message) => {
    const [, text] = refusal(claims, [], [underWay]) ?? [];
    expect(text?.startsWith(message ?? '')).toBe(message === undefined ? undefined : true);
  });
});

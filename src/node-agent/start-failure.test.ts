import { describe, expect, it } from 'vitest';
import { LibvirtError } from '../libvirt/errors.ts';
import { ImageError, diskFullError } from './images/image-error.ts';
import { StartError, startFailure } from './start-failure.ts';

/** As a real libvirtd said it. */
const libvirtSays = (message: string, number = 38) => new LibvirtError('domainCreateWithFlags', { number, domainNumber: 10, level: 2, message });

describe('startFailure', () => {
  it.each([
    ['Cannot set scheduler parameters for pid 4711: Operation not permitted', 'FifoRefused', /^the kernel refused .*cgroup_controllers/],
    ['cannot limit locked memory of process 4711 to 1083179008: Operation not permitted', 'MemoryLockRefused', /LimitMEMLOCK=infinity/],
    ['internal error: qemu unexpectedly closed the monitor: 2026-11-22T18:00:00.000000Z qemu-system-x86_64: unable to map backing store for guest RAM: Cannot allocate memory', 'HugepagesUnavailable', /free_hugepages/],
    ['internal error: process exited while connecting to monitor: qemu-system-x86_64: cannot set up guest memory \'pc.ram\': Cannot allocate memory', 'MemoryUnavailable', /numastat/],
    ["unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'", 'KvmUnavailable', /kvm_intel or kvm_amd/],
    ['cannot create file: No space left on device', 'StorageFull', /make room/],
    ["operation failed: domain 'rtvm-default-a-0' already exists with uuid 11111111-2222-4333-8444-555555555555", 'NameTaken', /virsh domrename/],
  ])('%s', (message, reason, words) => {
    const failure = startFailure(libvirtSays(message));
    expect(failure.reason).toBe(reason);
    expect(failure.message).toMatch(words);
  });

  it("keeps libvirt's own words where it knows no better, in one line and without time stamps", () => {
    expect(startFailure(libvirtSays('internal error: x:\n2026-11-22T18:00:00.000000Z qemu: no\n', 1))).toEqual({
      reason: 'LibvirtRefused',
      message: 'libvirt refused domainCreateWithFlags: internal error: x: qemu: no (INTERNAL_ERROR)',
    });
  });

  it.each([
    [new ImageError('IMAGE_MISSING', 'there is no image "prob.rom" under /images'), { reason: 'ImageUnusable', message: 'there is no image "prob.rom" under /images' }],
    [diskFullError('making /state/a.raw'), { reason: 'StorageFull', message: 'making /state/a.raw failed: no space left; free some on that file system, or give rtvm a state directory on a larger one' }],
  ])("keeps an image's own words, which are for people already: %s", (error, failure) => {
    expect(startFailure(error)).toEqual(failure);
  });

  it('passes on what we gave up for ourselves', () => {
    expect(startFailure(new StartError('NotVerified', 'vCPU 1 is not realtime'))).toEqual({ reason: 'NotVerified', message: 'vCPU 1 is not realtime' });
  });
});

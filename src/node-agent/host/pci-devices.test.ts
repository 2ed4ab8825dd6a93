import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostRootAt } from './host-root.ts';
import { readPciDeviceNodes } from './pci-devices.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rtvm-pci-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function device(address: string, numaNode: string): void {
  const path = join(directory, 'sys/bus/pci/devices', address);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'numa_node'), `${numaNode}\n`);
}

describe('the host NUMA nodes of PCI devices', () => {
  it('are told of those that are asked for, once and in order, where the firmware says and the device is there', () => {
    device('0000:3b:00.1', '1');
    device('0000:3b:00.0', '0');
    device('0000:00:02.0', '-1');
    device('0000:af:00.0', '1');
    expect(readPciDeviceNodes(hostRootAt(directory), ['0000:3b:00.1', '0000:00:02.0', '0000:3b:00.0', '0000:3b:00.1', '0000:5e:00.0'])).toEqual([
      { address: '0000:3b:00.0', numaNode: 0 }, { address: '0000:3b:00.1', numaNode: 1 },
    ]);
  });

  it('are refused by name where the kernel\'s word is no number', () => {
    device('0000:3b:00.0', 'none');
    expect(() => readPciDeviceNodes(hostRootAt(directory), ['0000:3b:00.0'])).toThrow(/0000:3b:00\.0\/numa_node holds "none", a whole number was expected/);
  });
});

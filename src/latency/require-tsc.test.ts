import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostRootAt } from '../node-agent/host/host-root.ts';
import { requireStableTsc } from './require-tsc.ts';

function require(flags: string, sources: string): void {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'rtvm-tsc-'));
  const files = {
    'proc/cpuinfo': `processor\t: 0\nflags\t\t: ${flags}\n`,
    'sys/devices/system/clocksource/clocksource0/available_clocksource': sources,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory.path, name)), { recursive: true });
    writeFileSync(join(directory.path, name), text);
  }
  requireStableTsc(hostRootAt(directory.path));
}

describe("a host's TSC", () => {
  it('is measured by where it counts at one rate, whichever clock the kernel uses itself', () => {
    expect(() => require('fpu tsc constant_tsc nonstop_tsc', 'kvm-clock tsc acpi_pm\n')).not.toThrow();
  });

  it('is refused where the CPU does not promise that, or the kernel has found it unstable', () => {
    expect(() => require('fpu tsc constant_tsc', 'tsc\n')).toThrow('lacks nonstop_tsc');
    expect(() => require('fpu tsc', 'tsc\n')).toThrow('lacks constant_tsc and nonstop_tsc');
    expect(() => require('fpu tsc constant_tsc nonstop_tsc', 'hpet acpi_pm\n')).toThrow(
      "marked this host's TSC as unstable (available clock sources: hpet acpi_pm",
    );
  });
});

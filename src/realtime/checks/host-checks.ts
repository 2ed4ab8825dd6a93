/** All that a host should be for realtime guests, checked: pure, so that a recorded host is as good as a live one. */
import { cpuChecks } from './cpu-checks.ts';
import type { HostCheck } from './host-check.ts';
import type { HostReadings } from './host-readings.ts';
import { guestChecks } from './guest-checks.ts';
import { kernelChecks } from './kernel-checks.ts';
import { memoryChecks } from './memory-checks.ts';
import { serviceChecks } from './service-checks.ts';

/** In the order in which a person would mend them. */
export function hostChecks(host: HostReadings): readonly HostCheck[] {
  return [...kernelChecks(host), ...cpuChecks(host), ...memoryChecks(host), ...serviceChecks(host), ...guestChecks(host)];
}

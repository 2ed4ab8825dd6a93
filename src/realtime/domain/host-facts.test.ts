import { expect, it } from 'vitest';
import { hostFactsOfCpuFlags } from './host-facts.ts';

it.each([
  ['Intel', 'fpu tsc constant_tsc nonstop_tsc arch_capabilities', { invariantTsc: true, archCapabilities: true }],
  ['AMD', 'fpu tsc constant_tsc nonstop_tsc svm', { invariantTsc: true, archCapabilities: false }],
  ['one whose TSC stops in deep sleep', 'fpu tsc constant_tsc', { invariantTsc: false, archCapabilities: false }],
])('hostFactsOfCpuFlags of %s', (_, flags, facts) => {
  expect(hostFactsOfCpuFlags(flags.split(' '))).toEqual(facts);
});

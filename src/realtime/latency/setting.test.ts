import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { withSetting } from './setting.ts';
import { mixedRealtimeRom } from '../domain/fixtures/inputs.ts';
import { parseDomainMetadata } from '../domain/parse-metadata.ts';
import { pinnedCpusOf } from '../domain/pinned-cpus.ts';
import { parseProbeMark } from '../domain/probe-mark.ts';
import { renderProbeDomain } from '../domain/render-probe.ts';
import type { ProbeDomainInput } from '../domain/render-probe.ts';

const uuid = '7f9d6f0e-32f6-4b57-9a53-1c6a4c0f0a11';
const { guest, placement, virtType, host } = mixedRealtimeRom;
const input: ProbeDomainInput = {
  guest,
  placement,
  virtType,
  host,
  name: 'rtvm-latency-7f9d6f0e',
  uuid,
  holds: placement,
  rom: '/run/rtvm/latency/probe.rom',
  settings: 'vcpus=1 report=full',
};

describe('the domain of a probe', () => {
  it("is the VM's machine with the probe guest in it", async () => {
    await expect(renderProbeDomain(input)).toMatchFileSnapshot('../domain/fixtures/probe.xml');
  });

  it("is no VM's, and holds the CPUs that the VM would have to itself wherever its threads may run", () => {
    const floating = renderProbeDomain({ ...input, ...withSetting({ guest, placement }, 'floating') });
    const everywhere = CpuSet.range(0, 63);
    expect(parseDomainMetadata(floating)).toBeUndefined();
    expect(pinnedCpusOf(floating, everywhere)).toEqual(pinnedCpusOf(renderProbeDomain(input), everywhere));
    expect(parseProbeMark(floating)).toEqual({ uuid, cpus: pinnedCpusOf(floating, everywhere)! });
  });

  it('is known by a mark that names it: on any other domain that is none', () => {
    const xml = renderProbeDomain(input);
    expect(
      parseProbeMark(xml.replace(`<uuid>${uuid}`, '<uuid>00000000-32f6-4b57-9a53-1c6a4c0f0a11')),
    ).toBeUndefined();
    expect(parseProbeMark(xml.replace('https://rtvm.dev/probe/v1', 'https://rtvm.dev/probe/v2'))).toBeUndefined();
    expect(parseProbeMark(xml.replace(/cpus='[^']*'>\s*<\/metadata|cpus='[^']*'\/>/, 'cpus="x"/>'))).toBeUndefined();
    expect(parseProbeMark('<domain>')).toBeUndefined();
  });
});

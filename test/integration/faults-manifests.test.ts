// Wrong manifests through `rtvm run`: each problem told at its line with what would be accepted, all at once, and nothing done.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalHost } from './support/local-host.ts';
import type { CommandResult, LocalHost } from './support/local-host.ts';
import { expectRefused } from './support/refusal.ts';

/** What `file:line: ` is followed by; a row is one file with one VM whose `spec.cpu` stands in line 5 and `memory` in line 6. */
interface Row {
  readonly cpu?: string;
  readonly memory?: string;
  readonly text?: string;
  readonly problems: readonly string[];
}

const mask = (vcpus: number, text: string | undefined, problem: string): Row => ({
  cpu: `{vcpus: ${vcpus}, policy: Dedicated, realtime: {${text === undefined ? '' : `mask: "${text}"`}}}`,
  problems: [`5: spec.cpu.realtime.mask: ${text === undefined ? '' : `"${text}": `}${problem}`],
});
const all = 'names all of vCPUs 0-2, so that none is left for housekeeping; accepted: a mask that leaves one out (such as "^0"), or emulatorThreads Isolate or Share';
const single = 'leaves nothing for housekeeping: the guest has one vCPU; accepted: 2 or more vCPUs, or emulatorThreads Isolate or Share';
const subset = (names: string, has: string) => `names vCPUs ${names}, which the guest does not have; accepted: vCPUs ${has}`;
const unparsed = (item: string) => `cannot be parsed at item "${item}"; accepted: items N, A-B, ^N or ^A-B, separated by commas`;
const twice = `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: twice}
spec: {cpu: {vcpus: 1}, memory: {size: 64Mi}}
`;

const themes: Readonly<Record<string, readonly Row[]>> = {
  'realtime masks': [
    mask(3, '^0-2', 'leaves no vCPU; accepted: a mask that leaves at least one of vCPUs 0-2'),
    mask(3, '0-2', all),
    mask(3, '^3', all),
    mask(3, '0-3,^0', subset('3', '0-2')),
    mask(4, '^0,7', subset('7', '0-3')),
    mask(4, '4-5', subset('4-5', '0-3')),
    mask(4, '1-9', subset('4-9', '0-3')),
    mask(1, undefined, single),
    mask(1, '0', single),
    mask(1, '^0', single),
    ...['3-1', '1-2-3', 'a', '1-', '^^5', '^2^', '5a'].map((item) => mask(4, item, unparsed(item))),
    mask(4, '-3,5', unparsed('-3')),
    mask(4, '1,,2', unparsed('')),
    {
      text: `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeImage
metadata: {name: masked}
spec: {format: rom, source: {path: probe.rom}, realtimeMask: "0-2"}
---
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: masked}
spec:
  cpu: {vcpus: 3, policy: Dedicated, realtime: {mask: "^0"}}
  memory: {size: 64Mi}
  image: {name: masked}
`,
      problems: [`12: spec.image.name: "masked": the image's spec.realtimeMask "0-2": ${all}`],
    },
  ],
  'policies that contradict each other': [
    { cpu: '{vcpus: 2, realtime: {}}', problems: ['5: spec.cpu.policy: realtime vCPUs need pCPUs of their own, which the default Shared does not give; accepted: policy Dedicated or Mixed'] },
    { cpu: '{vcpus: 2, policy: Shared, realtime: {}}', problems: ['5: spec.cpu.policy: "Shared": realtime vCPUs need pCPUs of their own, which Shared does not give; accepted: policy Dedicated or Mixed'] },
    { cpu: '{vcpus: 2, threadPolicy: Require}', problems: ['5: spec.cpu.threadPolicy: "Require": has no meaning for vCPUs that float (policy is the default Shared); accepted: policy Dedicated or Mixed, or no threadPolicy'] },
    { cpu: '{vcpus: 2, emulatorThreads: Isolate}', problems: ['5: spec.cpu.emulatorThreads: "Isolate": cannot be given with policy the default Shared; accepted: policy Dedicated or Mixed, or emulatorThreads Housekeeping or Share'] },
    { cpu: '{vcpus: 2, coreSharing: Forbid}', problems: ['5: spec.cpu.coreSharing: "Forbid": cannot be kept with policy the default Shared, whose vCPUs float over cores that all VMs share; accepted: policy Dedicated or Mixed, or coreSharing Allow'] },
    { cpu: '{vcpus: 2, policy: Mixed}', problems: ['5: spec.cpu.dedicatedMask: is required with policy Mixed, to say which vCPUs are dedicated; accepted: a mask such as "^0", or realtime, whose mask then says it'] },
    { cpu: '{vcpus: 2, policy: Mixed, dedicatedMask: "1", realtime: {}}', problems: ['5: spec.cpu.dedicatedMask: "1": cannot be combined with realtime, whose mask then names the dedicated vCPUs; accepted: realtime.mask alone'] },
    { cpu: '{vcpus: 2, dedicatedMask: "1"}', problems: ['5: spec.cpu.dedicatedMask: "1": needs policy Mixed, found the default Shared; accepted: policy Mixed, or no dedicatedMask'] },
    { cpu: '{vcpus: 2, policy: Mixed, dedicatedMask: "0-1"}', problems: ['5: spec.cpu.dedicatedMask: "0-1": makes every vCPU dedicated, though policy Mixed needs one that floats; accepted: a mask that leaves one out (such as "^0"), or policy Dedicated'] },
    { cpu: '{vcpus: 4, topology: {sockets: 1, cores: 1, threads: 2}}', problems: ['5: spec.cpu.topology: {"sockets":1,"cores":1,"threads":2}: makes 1 × 1 × 2 = 2 vCPUs, not 4; accepted: sockets × cores × threads equal to vcpus'] },
    { cpu: '{vcpus: 2, policy: Dedicated, realtime: {}}', memory: '{size: 64Mi, locked: false}', problems: ['6: spec.memory.locked: false: cannot be false in a realtime guest, which a page fault would stop; accepted: true, or no such field'] },
    { memory: '{size: 63Mi, pageSize: 2Mi}', problems: ['6: spec.memory.size: "63Mi": is not a whole number of pages of 2Mi (pageSize 2Mi); accepted: a multiple of 2Mi, or another pageSize'] },
  ],
  'values and fields': [
    { cpu: '{vcpus: "two"}', problems: ['5: spec.cpu.vcpus: "two": must be a whole number, found a string'] },
    { cpu: '{vcpus: 0}', problems: ['5: spec.cpu.vcpus: 0: must be at least 1'] },
    { cpu: '[2]', problems: ['5: spec.cpu: [2]: must be a mapping, found a list'] },
    { cpu: '{vcpu: 2}', problems: ['5: spec.cpu.vcpus: is required; accepted: a whole number', '5: spec.cpu.vcpu: unknown field; did you mean vcpus?'] },
    { cpu: '{vcpus: 2, policy: dedicated}', problems: ['5: spec.cpu.policy: "dedicated": is not known; accepted: Shared, Dedicated, Mixed; did you mean Dedicated?'] },
    { cpu: '{vcpus: 2, policy: Dedicated, realtime: {priority: 100}}', problems: ['5: spec.cpu.realtime.priority: 100: must be at most 99'] },
    { memory: '{size: 64Mo}', problems: ['6: spec.memory.size: "64Mo": must be a size in whole MiB such as "512Mi" or "4Gi" (units Ki, Mi, Gi, Ti)'] },
    { memory: '{size: 64Mi, locked: "yes"}', problems: ['6: spec.memory.locked: "yes": must be true or false, found a string'] },
    { text: 'kind: RealtimeVm\napiVersion: rtvm.dev/v1alpha1\n', problems: ['1: kind: "RealtimeVm": is not a kind of rtvm; did you mean RealtimeVM?'] },
    { text: 'kind: RealtimeVM\napiVersion: rtvm.dev/v1\n', problems: ['2: apiVersion: "rtvm.dev/v1": is not known; accepted: rtvm.dev/v1alpha1'] },
    { text: 'just text\n', problems: ['1: "just text": is not a resource; accepted: a mapping with apiVersion, kind, metadata and spec'] },
  ],
  documents: [
    { text: 'a: [1, 2\nb: 3\n', problems: ['2: is not valid YAML: deficient indentation'] },
    { text: 'a: 1\na: 2\n', problems: ['2: is not valid YAML: duplicated mapping key'] },
    { text: `${twice}---\n${twice}`, problems: ['8: metadata.name: "twice": RealtimeVM default/twice is already at FILE:1; accepted: one document for each resource'] },
  ],
};

const rows = Object.entries(themes).flatMap(([theme, ofTheme]) => ofTheme.map((row, index) => ({ ...row, theme, file: `${theme.replaceAll(' ', '-')}-${index}.yaml` })));

function manifest({ cpu = '{vcpus: 2}', memory = '{size: 64Mi}', text }: Row, name: string): string {
  return text ?? `apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeVM\nmetadata: {name: ${name}}\nspec:\n  cpu: ${cpu}\n  memory: ${memory}\n`;
}

let host: LocalHost;
let directory: string;
/** All of them in one call: what is wrong in one file keeps nothing of another's from being told. */
let result: CommandResult;

beforeAll(async () => {
  host = await startLocalHost();
  directory = join(host.dir, 'wrong');
  mkdirSync(directory);
  for (const [index, row] of rows.entries()) writeFileSync(join(directory, row.file), manifest(row, `vm-${index}`));
  result = await host.run([directory]);
});
afterAll(() => host[Symbol.asyncDispose]());

describe.each(Object.keys(themes))('%s', (theme) => {
  test.each(rows.filter((row) => row.theme === theme))('$problems.0', ({ file, problems }) => {
    const path = join(directory, file);
    const told = result.stderr.split('\n').filter((line) => line.startsWith(`${path}:`)).map((line) => line.slice(path.length + 1));
    expect(told).toEqual(problems.map((problem) => problem.replace('FILE', path)));
  });
});

test('the call says how many there are, changes nothing, and goes well once they are mended', async () => {
  const count = rows.flatMap(({ problems }) => problems).length;
  expectRefused(result, `rtvm: the ${count} problems above must be mended first; nothing was changed\n`);
  await host.nothingIsLeft();
  await host.runsAndDeletes();
});

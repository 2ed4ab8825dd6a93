import { describe, expect, it } from 'vitest';
import { capturedRun } from '../captured-run.ts';

const image = `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeImage
metadata: {name: probe}
spec: {format: rom, source: {path: probe.rom}}
`;
const vm = (spec: string) => `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: one}
spec:
  ${spec}
  image: {name: probe}
`;
const shape = 'cpu: {vcpus: 2, policy: Dedicated, realtime: {}}\n  memory: {size: 32Mi}';
const vmClass = (cpu: string) => `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVMClass
metadata: {name: small}
spec:
  cpu: ${cpu}
  memory: {size: 32Mi}
`;

const needsDedicated = 'realtime vCPUs need pCPUs of their own, which the default Shared does not give; accepted: policy Dedicated or Mixed';

const validate = (documents: readonly string[], ...args: string[]) => capturedRun(['validate', '-f', '-', ...args], { stdin: documents.join('---\n') });

describe('rtvm validate', () => {
  it.each([
    [[image], '1 resource fine\n'],
    [[image, vm(shape)], '2 resources fine\n'],
    [[''], 'nothing to check: no resources in the files\n'],
    // What an administrator commits of a host is its spec; the agent adds the rest.
    [['apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeNode\nmetadata: {name: host-a}\nspec: {dedicatedCpus: "2-7"}\n'], '1 resource fine\n'],
  ])('is content: %#', async (documents, stdout) => {
    expect(await validate(documents)).toEqual({ exitCode: 0, stdout, stderr: '' });
  });

  it('prints every problem of every document, and nothing on standard output', async () => {
    const wrong = vm('cpu: {vcpus: 0, realtime: {mask: "^9-"}}\n  memory: {size: 32Mi}');
    expect(await validate([image.replace('format: rom', 'format: rmo'), wrong])).toMatchObject({ exitCode: 1, stdout: '' });
    const { stderr } = await validate([image.replace('format: rom', 'format: rmo'), wrong]);
    expect(stderr.split('\n').map((line) => line.split(': ').slice(0, 2).join(': '))).toEqual(['<stdin>:4: spec.format', '<stdin>:10: spec.cpu.vcpus', '']);
  });

  it('warns of a class that is not among the files', async () => {
    expect(await validate([image, vm('className: small')])).toEqual({
      exitCode: 0, stdout: '2 resources fine\n',
      stderr: 'warning: <stdin>:10: spec.className: "small": RealtimeVMClass small is not among the files, so what depends on it was not checked; give its file with -f too\n',
    });
  });

  it('warns of an image that is not among the files, and still tells what else is wrong', async () => {
    expect(await validate([vm('cpu: {vcpus: 2, realtime: {}}\n  memory: {size: 32Mi}')])).toEqual({
      exitCode: 1, stdout: '',
      stderr: `<stdin>:5: spec.cpu.policy: ${needsDedicated}
warning: <stdin>:7: spec.image.name: "probe": RealtimeImage default/probe is not among the files, so what depends on it was not checked; give its file with -f too
`,
    });
  });

  it('tells once what is wrong with a class, not at each VM that names it', async () => {
    const { stderr } = await validate([image, vmClass('{vcpus: 2, polcy: Dedicated}'), vm('className: small')]);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('spec.cpu.polcy')]);
  });

  it('checks a class by itself', async () => {
    expect(await validate([vmClass('{vcpus: 2, realtime: {}}')])).toEqual({ exitCode: 1, stdout: '', stderr: `<stdin>:5: spec.cpu.policy: ${needsDedicated}\n` });
  });

  it('prints JSON of a stable shape, problems and all', async () => {
    const { exitCode, stdout, stderr } = await validate([image, vm('className: small'), vmClass('{vcpus: 2, realtime: {}}').replace('small', 'broken')], '-o', 'json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      valid: false,
      resources: [
        { file: '<stdin>', line: 1, kind: 'RealtimeImage', namespace: 'default', name: 'probe' },
        { file: '<stdin>', line: 6, kind: 'RealtimeVM', namespace: 'default', name: 'one' },
        { file: '<stdin>', line: 13, kind: 'RealtimeVMClass', name: 'broken' },
      ],
      problems: [{ file: '<stdin>', line: 17, path: 'spec.cpu.policy', code: 'REALTIME_NEEDS_DEDICATED', message: needsDedicated }],
      warnings: [{ file: '<stdin>', line: 10, path: 'spec.className', code: 'CLASS_MISSING', value: 'small', message: 'RealtimeVMClass small is not among the files, so what depends on it was not checked; give its file with -f too' }],
    });
  });
});

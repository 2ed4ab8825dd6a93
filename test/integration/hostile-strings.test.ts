// Text that means something to XML, shells, paths, QEMU's options or terminals, in every text field of every kind: it is refused
// at its field, or it arrives as text and as nothing else.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kindNames, kinds } from '../../src/crds/resource.ts';
import { readXml } from '../../src/realtime/domain/xml-reader.ts';
import type { XmlNode } from '../../src/realtime/domain/xml-reader.ts';
import { expectDone } from './support/done.ts';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost } from './support/local-host.ts';
import { describePath, stringFields, theKey, wholeSample, withText } from './support/string-fields.ts';
import type { Step } from './support/string-fields.ts';
import { wellSaid } from './support/well-running.ts';

let host: LocalHost;
/** Made by whatever of a hostile text is executed. */
let canary: string;
let hostile: Readonly<Record<string, string>>;

beforeAll(async () => {
  host = await startLocalHost();
  canary = join(host.dir, 'CANARY');
  hostile = {
    'an element': '"><domain type="kvm"/>',
    'an element in single quotes': "'/><devices><disk/></devices>",
    'an entity': '&#60;domain/&#62;&xxe;',
    'the end of CDATA': ']]><domain/><![CDATA[',
    'a command substitution': `$(touch ${canary})`,
    'backticks': `\`touch ${canary}\``,
    'a second command': `; touch ${canary}`,
    'a pipe': `| touch ${canary}`,
    'another option of QEMU': `a,file=${canary},readonly=off`,
    'an option': `--output=${canary}`,
    'a way up': `../../../../../../${canary}`,
    'an absolute path': canary,
    'a line break': `a\ntouch ${canary}`,
    'a NUL': 'a\u0000b',
    'a terminal command': 'a\u001b]0;b\u0007',
    'a surrogate': 'a\ud800b',
    'three hundred characters': 'a'.repeat(300),
  };
});
afterAll(() => host[Symbol.asyncDispose]());

const fields = kindNames.flatMap((kind) => {
  const { schema } = kinds[kind];
  return stringFields(schema).map(({ path }) => ({ kind, path, sample: wholeSample(schema) }));
});

/** A path as problems name it; that of a key is the mapping's. */
function fieldPath(path: readonly Step[]): string {
  return (path.at(-1) === theKey ? path.slice(0, -2) : path).filter((step) => step !== theKey).map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('').slice(1);
}

const long = 'three hundred characters';

/** Fields of people that are free text; status and what an API server writes of an object are never taken from a manifest. */
const free: Readonly<Record<string, readonly string[]>> = {
  RealtimeVM: ['spec.cpu.dedicatedMask', 'spec.cpu.realtime.mask', 'spec.kernel.args', 'spec.cloudInit.userData', 'spec.cloudInit.metaData', 'spec.cloudInit.networkConfig'],
  RealtimeVMClass: ['spec.cpu.dedicatedMask', 'spec.cpu.realtime.mask'],
  RealtimeImage: ['spec.realtimeMask', 'spec.guest.kernelArgs'],
  // The administrator's own, an absolute path.
  RealtimeNode: ['spec.networks[].vhostUser'],
  RealtimeAllocation: [
    'spec.term', 'spec.guests[].vm.uid', 'spec.guests[].request', 'spec.guests[].guest.boot.args', 'spec.guests[].guest.cloudInit.userData', 'spec.guests[].guest.cloudInit.metaData',
    'spec.guests[].guest.cloudInit.networkConfig', 'spec.guests[].grant.name', 'spec.guests[].grant.salt', 'spec.kept[]',
    'spec.restore', 'spec.session',
  ],
};
const freeMetadata = ['metadata.uid', 'metadata.resourceVersion', 'metadata.annotations{}', 'metadata.ownerReferences[]{} (key)', 'metadata.managedFields[]{} (key)'];

test('each field refuses each text with its path, or is one of the few for free text', async () => {
  const taken = new Set<string>();
  for (const [what, text] of Object.entries(hostile)) {
    // One document a line, so that a problem's line tells which.
    const file = host.write('hostile.yaml', fields.map(({ sample, path }) => `---\n${JSON.stringify(withText(sample, path, text))}\n`).join(''));
    const { exitCode, stdout, stderr } = await host.rtvm(['validate', '-f', file]);
    expect(exitCode, what).toBe(1);
    const said = Map.groupBy(`${stdout}${stderr}`.split('\n'), (line) => /^.*?\.yaml:(\d+): /.exec(line)?.[1]);
    for (const [index, { kind, path }] of fields.entries()) {
      const line = String(2 * index + 2);
      const start = `${file}:${line}: ${fieldPath(path)}: `;
      if (what !== long && said.get(line)?.some((problem) => problem.startsWith(start)) !== true) taken.add(`${kind} ${describePath(path)}`);
    }
  }
  const takenIn = (kind: string) => [...taken].filter((name) => name.startsWith(`${kind} `)).map((name) => name.slice(kind.length + 1)).filter((path) => !path.startsWith('status.'));
  expect(Object.fromEntries(kindNames.map((kind) => [kind, takenIn(kind).toSorted()]))).toEqual(
    Object.fromEntries(kindNames.map((kind) => [kind, [...freeMetadata, ...free[kind]!].toSorted()])),
  );
});

/** What becomes of a text that stands in every field for free text. */
function manifestOf(name: string, text: (field: string) => string): string {
  return [
    { kind: 'RealtimeImage', metadata: { name, annotations: { note: text('annotations') } }, spec: { format: 'raw', source: { path: 'disk.raw' }, guest: { kernelArgs: text('kernelArgs') } } },
    {
      kind: 'RealtimeVM',
      metadata: { name, annotations: { note: text('annotations') }, uid: text('uid'), resourceVersion: text('resourceVersion') },
      spec: {
        cpu: { vcpus: 1 },
        memory: { size: '32Mi' },
        image: { name },
        terminationGracePeriodSeconds: 0, // nobody listens in there
        kernel: { path: 'kernel', args: text('args') },
        cloudInit: { userData: text('userData'), metaData: `local-hostname: ${JSON.stringify(text('metaData'))}`, networkConfig: text('networkConfig') },
      },
    },
  ].map((resource) => `---\n${JSON.stringify({ apiVersion: 'rtvm.dev/v1alpha1', ...resource })}\n`).join('');
}

/** Names of elements and attributes alone. */
function structureOf({ name, attributes, children }: XmlNode): unknown {
  return [name, [...attributes.keys()].toSorted(), children.map(structureOf)];
}

function textsIn({ text, children }: XmlNode): readonly string[] {
  return [text, ...children.flatMap(textsIn)];
}

test('masks refuse each text too, once they are read', async () => {
  const masks = Object.values(hostile).flatMap((mask, index) => [
    { name: `dedicated-${index}`, cpu: { vcpus: 2, policy: 'Mixed', dedicatedMask: mask }, path: 'spec.cpu.dedicatedMask' },
    { name: `realtime-${index}`, cpu: { vcpus: 2, policy: 'Dedicated', realtime: { mask } }, path: 'spec.cpu.realtime.mask' },
  ]);
  const file = host.write('masks.yaml', masks.map(({ name, cpu }) => `---\n${JSON.stringify({ apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name }, spec: { cpu, memory: { size: '32Mi' } } })}\n`).join(''));
  const { exitCode, stdout, stderr } = await host.rtvm(['validate', '-f', file]);
  expect(exitCode).toBe(1);
  const told = `${stdout}${stderr}`.split('\n').flatMap((line) => /^.*\.yaml:(\d+): (spec[.a-zA-Z]+): /.exec(line)?.slice(1).join(' ') ?? []);
  expect(told).toEqual(masks.map(({ path }, index) => `${2 * index + 2} ${path}`));
});

test('no domain is another for what stands in free text, and each carries its text unchanged', async () => {
  const texts = Object.entries(hostile).filter(([, text]) => !/[\p{Cc}\p{Cs}]/u.test(text)); // of one line
  const manifests = [['harmless', 'a'] as const, ...texts].map(([, text], index) => manifestOf(`vm-${index}`, (field) => (field === 'uid' || field === 'resourceVersion' ? `${index}${text}`.slice(0, 64) : text)));
  const roomy = host.write('roomy.yaml', readFileSync(host.nodeFile, 'utf8').replace('vcpusPerSharedCpu: 4', 'vcpusPerSharedCpu: 64'));
  const { exitCode, stdout } = await host.rtvm(['render', '-f', '-', '--host', roomy, '-o', 'json'], { stdin: manifests.join('') });
  expect(exitCode).toBe(0);
  const [harmless, ...domains] = (JSON.parse(stdout) as { readonly items: readonly { readonly xml: string }[] }).items.map(({ xml }) => readXml(xml));
  expect(domains.map(structureOf)).toEqual(texts.map(() => structureOf(harmless!)));
  expect(domains.map((domain, index) => textsIn(domain).includes(texts[index]![1]))).toEqual(texts.map(() => true));
});

test('a text that XML cannot hold is refused, by name', async () => {
  const { exitCode, stderr } = await host.rtvm(['render', '-f', '-', '--host', host.nodeFile], { stdin: manifestOf('surrogate', (field) => (field === 'args' ? hostile['a surrogate']! : 'a')) });
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/^<stdin>:\d+: spec\.kernel\.args: .*has half a character \(an unpaired surrogate.*\n/) as string });
});

test('a VM made of them runs as its like, executes nothing, writes nowhere else, and goes without a trace', async () => {
  const everything = Object.values(hostile).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text)).join(' ');
  const images = join(host.dir, 'images');
  mkdirSync(images);
  for (const name of ['disk.raw', 'kernel']) writeFileSync(join(images, name), Buffer.alloc(65_536));
  const domains: unknown[] = [];
  for (const [name, text] of [['harmless', 'a'], ['hostile', everything]] as const) {
    const manifest = host.write(`${name}.yaml`, manifestOf(name, (field) => (field === 'uid' || field === 'resourceVersion' ? text.slice(0, 64) : text)));
    const ran = await host.run([manifest], { env: { RTVM_IMAGE_ROOT: images } });
    expect(ran).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(wellSaid(name)) as unknown });
    const domain = (await host.libvirtd.virsh('list', '--name')).trim();
    domains.push(structureOf(readXml(await host.libvirtd.virsh('dumpxml', '--inactive', domain))));
    expectDone(await host.rtvm(['delete', name]));
    await host.nothingIsLeft();
  }
  expect(domains[1]).toEqual(domains[0]);
  expect(readdirSync(host.dir).filter((entry) => !entry.endsWith('.yaml')).toSorted()).toEqual(['agent.lock', 'images', basename(host.stateDir)]);
  expect(existsSync(canary)).toBe(false);
});

test('names on the command line are names and nothing else', async () => {
  for (const name of [hostile['a command substitution']!, hostile['a way up']!, hostile['an element']!]) {
    const result = await host.rtvm(['delete', '--', name]);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain(`rtvm: there is no VM `);
  }
  expect(existsSync(canary)).toBe(false);
});

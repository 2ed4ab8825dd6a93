import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DomainInput } from './domain-input.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from './fixtures/inputs.ts';
import { renderDomain } from './render.ts';
import { readXml } from './xml-reader.ts';
import type { XmlNode } from './xml-reader.ts';

describe('renderDomain', () => {
  it.each([
    ['plain-shared', plainShared],
    ['mixed-realtime-rom', mixedRealtimeRom],
    ['dedicated-two-cells', dedicatedTwoCells],
  ])('makes the whole domain %s', async (name, input) => {
    await expect(renderDomain(input)).toMatchFileSnapshot(`fixtures/${name}.xml`);
  });

  it('makes nothing of KVM for the emulator', () => {
    const xml = renderDomain({ ...dedicatedTwoCells, virtType: 'qemu' });
    expect(readXml(xml).attributes).toEqual(new Map([['type', 'qemu']]));
    expect(xml).not.toMatch(/kvm|host-passthrough|tsc-deadline|invtsc/);
  });

  /** A domain with `text` in every place that can hold anybody's. */
  const filledWith = (text: string): DomainInput => ({
    ...dedicatedTwoCells,
    vm: { ...dedicatedTwoCells.vm, namespace: text, name: text },
    payload: text,
    guest: {
      ...dedicatedTwoCells.guest,
      uuid: text,
      cpu: { ...dedicatedTwoCells.guest.cpu, model: text },
      boot: { kind: 'kernel', type: 'BIOS', path: text, initrd: text, args: text },
      disks: [{ name: text, persistence: 'NodeLocal', kind: 'empty', sizeMiB: 1 }],
      networks: [
        { name: text, network: text, model: 'virtio', mac: text },
        { name: text, network: `${text}2`, model: 'virtio', mac: text },
        { name: text, network: `${text}3`, model: 'virtio', mac: text },
      ],
    },
    networks: [
      { name: text, openToInline: true, kind: 'bridge', bridge: text },
      { name: `${text}2`, openToInline: true, kind: 'macvtap', device: text },
      { name: `${text}3`, openToInline: true, kind: 'vhostUser', socketDirectory: text },
    ],
    files: { disks: new Map([[text, { path: text, format: 'raw', preallocated: false }]]), kernel: text, initrd: text, seed: text, serialLog: text },
  });

  const shape = (node: XmlNode): unknown => [node.name, [...node.attributes.keys()], node.children.map(shape)];
  const valuesOf = (node: XmlNode): string[] => [...node.attributes.values(), ...(node.children.length === 0 ? [node.text] : []), ...node.children.flatMap(valuesOf)];

  it("keeps anybody's text text: no element more, no value changed", () => {
    // Free of what a disk's serial may hold, so that both inputs have the same elements.
    const plain = readXml(renderDomain(filledWith('<plain>')));
    const piece = fc.oneof(
      fc.constantFrom('<', '>', '&', "'", '"', ']]>', '<!--', '-->', '<?x?>', '</domain>', '&lt;', '&#0;', '\n', '\r\n', '\t', '$(x)', '`x`', '\u{1f686}'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2 }),
    );
    fc.assert(fc.property(fc.string({ unit: piece, maxLength: 12 }), (tail) => {
      const text = `<${tail}`;
      fc.pre(new TextEncoder().encode(text).length < 70);
      const domain = readXml(renderDomain(filledWith(text)));
      expect(shape(domain)).toEqual(shape(plain));
      // Paths made of a text and more (the socket's), and the name, which is made safe, are tested where they are made.
      const expected = valuesOf(plain).map((value) => (value === '<plain>' ? text : value));
      const differing = valuesOf(domain).filter((value, index) => value !== expected[index]);
      expect(differing).toEqual([
        expect.stringMatching(/^rtvm-[a-z0-9.-]+$/),
        `${text.replace(/\/+$/, '')}${differing[1]!.slice(-27)}`,
      ]);
    }));
  });
});

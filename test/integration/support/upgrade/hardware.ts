// What a guest sees of its machine, read from the XML of its running domain: two starts of one VM are to give the same.
import { XMLParser } from 'fast-xml-parser';

/** An element with its attributes and what is in it, in order. */
export type Hardware = readonly unknown[];

const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, parseAttributeValue: false, parseTagValue: false, attributeNamePrefix: '' });

/**
 * Where the host has put it, and what rtvm has noted: of no start the same, and nothing that the guest can see. All else counts: devices
 * and their addresses, CPU, features, machine, clock, memory.
 */
const placement: ReadonlySet<string> = new Set(['metadata', 'vcpupin', 'emulatorpin', 'iothreadpin', 'numatune']);

/** The domain's number and the terminal of its console, which libvirt gives out anew at each start; of a disk, its place in libvirt's list. */
const perStart: readonly (readonly [RegExp, string])[] = [[/\/domain-\d+-/g, '/domain-ID-'], [/^\/dev\/pts\/\d+$/, '/dev/pts/ID']];

/** @param xml `virsh dumpxml` of a domain that runs: with all that libvirt and QEMU have filled in. */
export function hardwareOf(xml: string): Hardware {
  return cleaned(parser.parse(xml) as readonly Node[]);
}

type Node = Readonly<Record<string, unknown>>;

function cleaned(nodes: readonly Node[]): readonly Node[] {
  return nodes.filter((node) => !placement.has(tagOf(node))).map((node) => {
    const tag = tagOf(node);
    const attributes = { ...node[':@'] as Readonly<Record<string, string>> | undefined };
    if (tag === 'domain') delete attributes['id'];
    if (tag === '#text') return { '#text': neutral(String(node['#text'])) };
    return { [tag]: cleaned(node[tag] as readonly Node[]), ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`@${name}`, neutral(value)])) };
  });
}

function tagOf(node: Node): string {
  return Object.keys(node).find((key) => key !== ':@')!;
}

function neutral(text: string): string {
  return perStart.reduce((now, [pattern, word]) => now.replaceAll(new RegExp(pattern, 'g'), word), text);
}

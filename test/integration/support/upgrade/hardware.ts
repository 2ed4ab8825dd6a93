// What a guest sees of its machine, read from the XML of its domain: two starts of one VM are to give the same.
import { XMLParser } from 'fast-xml-parser';

/** An element with its attributes and what is in it, in order. */
export type Hardware = readonly unknown[];

const parser = new XMLParser({
  preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '', parseAttributeValue: false,
  parseTagValue: false,
});

/**
 * Where the host has put it, and what rtvm has noted: the guest can see nothing of it. All else counts: devices and
 * their addresses, CPU, features, machine, clock, memory.
 */
const placement: ReadonlySet<string> = new Set(['metadata', 'vcpupin', 'emulatorpin', 'iothreadpin', 'numatune']);

/** New at each start: the number of the domain in paths, the terminal of its console. Of each host: its directory. */
const perStart: readonly (readonly [RegExp, string])[] = [
  [/\/domain-\d+-/g, '/domain-ID-'],
  [/^\/dev\/pts\/\d+$/g, '/dev/pts/ID'],
  [/^\S*\/rtvm-host-\w+/g, 'HOST'],
];

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
    const told = Object.entries(attributes).map(([name, value]) => [`@${name}`, neutral(value)] as const);
    return { [tag]: cleaned(node[tag] as readonly Node[]), ...Object.fromEntries(told) };
  });
}

function tagOf(node: Node): string {
  return Object.keys(node).find((key) => key !== ':@')!;
}

function neutral(text: string): string {
  return perStart.reduce((now, [pattern, word]) => now.replaceAll(pattern, word), text);
}

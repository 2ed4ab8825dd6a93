/** Reads XML that libvirt wrote into plain nodes, with every name and text as data: no entity, prototype or number tricks. */
import { XMLParser } from 'fast-xml-parser';

export interface XmlNode {
  /** With its prefix, as written. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  /** The element's own text, put together, untrimmed. */
  readonly text: string;
}

/** Thrown for text that cannot be an XML document; well-formedness is otherwise libvirt's care. */
export class XmlReadError extends Error {
  override readonly name = 'XmlReadError';
  readonly code = 'XML_READ';
  constructor(why: string, cause?: unknown) {
    super(`this is not a domain's XML: ${why}`, { cause });
  }
}

/** In document order, a node is `{ NAME: [nodes], ':@': { '@ATTRIBUTE': value } }`, `{ '#text': string }` or `{ '#cdata': [text] }`. */
type ParsedNode = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  cdataPropName: '#cdata',
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // Its limits on how many entities a document may have would refuse a long payload; see decode below.
  processEntities: false,
});

/**
 * The root element. A document type is refused, since only it can define entities.
 * @throws XmlReadError
 */
export function readXml(xml: string): XmlNode {
  if (xml.includes('<!DOCTYPE')) throw new XmlReadError('it has a document type');
  let nodes: readonly XmlNode[];
  try {
    nodes = elementsOf(parser.parse(xml) as readonly ParsedNode[]);
  } catch (error) {
    throw new XmlReadError(error instanceof Error ? error.message : String(error), error);
  }
  const [root] = nodes;
  if (root === undefined) throw new XmlReadError('it has no element');
  return root;
}

function elementsOf(nodes: readonly ParsedNode[]): readonly XmlNode[] {
  return nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ':@');
    if (name === undefined || name.startsWith('#')) return [];
    const content = node[name] as readonly ParsedNode[];
    const attributes = Object.entries((node[':@'] ?? {}) as Readonly<Record<string, string>>);
    return [{
      name,
      attributes: new Map(attributes.map(([key, value]) => [key.slice(1), decode(value)])),
      children: elementsOf(content),
      text: content.map(textOf).join(''),
    }];
  });
}

function textOf(node: ParsedNode): string {
  if (typeof node['#text'] === 'string') return decode(node['#text']);
  // What is in CDATA is meant as it stands.
  if (node['#cdata'] !== undefined) return (node['#cdata'] as readonly { readonly '#text': string }[]).map((part) => part['#text']).join('');
  return '';
}

const named: ReadonlyMap<string, string> = new Map([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['apos', "'"]]);

/** XML's five entities and character references, each once, so that `&amp;lt;` is `&lt;`. */
function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (reference: string, hexadecimal?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named.get(name) ?? reference;
    const codePoint = hexadecimal === undefined ? Number(decimal) : parseInt(hexadecimal, 16);
    return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : reference;
  });
}

/**
 * A small ISO 9660 volume (ECMA-119) of a few files in its root directory: no clock, no tool, the same bytes for the same files. Names are
 * kept twice, since kernels are built with either: as Rock Ridge (RRIP 1.12), which Linux has whenever it has ISO 9660, and as Joliet, for
 * the others.
 */

const sector = 2048;
/** The first 16 sectors are the boot loader's. */
const systemArea = 16;
/** Where things lie, in sectors: three descriptors, a path table in each byte order for each tree, a root directory for each, the files. */
const at = { primary: systemArea, joliet: 17, terminator: 18, primaryTable: 19, jolietTable: 21, primaryRoot: 23, jolietRoot: 24, files: 25 } as const;

interface Extent {
  readonly name: string;
  readonly sector: number;
  readonly bytes: Buffer;
}

/**
 * @param label of at most 16 characters, A-Z and 0-9.
 * @param files text by name; names of at most 28 characters a-z, 0-9, `-`, `.` or `_`. All of them fit one sector of directory: a dozen.
 * @returns the volume, whole sectors.
 * @throws RangeError where a name, the label or their number is otherwise.
 */
export function isoVolume(label: string, files: ReadonlyMap<string, string>): Buffer {
  if (!/^[A-Z0-9]{1,16}$/.test(label)) throw new RangeError(`the volume label ${JSON.stringify(label)} is not of 1 to 16 characters A-Z and 0-9`);
  const extents: Extent[] = [];
  let end: number = at.files;
  // ECMA-119 6.8.1: a directory is sorted by the names that it has.
  for (const name of [...files.keys()].toSorted()) {
    if (!/^[a-z0-9._-]{1,28}$/.test(name)) throw new RangeError(`the file name ${JSON.stringify(name)} is not of 1 to 28 characters a-z, 0-9, "-", "." and "_"`);
    const bytes = Buffer.from(files.get(name)!);
    extents.push({ name, sector: end, bytes });
    end += Math.ceil(bytes.length / sector);
  }
  const volume = Buffer.alloc(end * sector);
  const put = (where: number, bytes: Buffer) => {
    if (where < at.files && bytes.length > sector) throw new RangeError(`${files.size} files are too many for a directory of one sector`);
    bytes.copy(volume, where * sector);
  };
  put(at.primary, descriptor(1, Buffer.from(label.padEnd(32)), { root: at.primaryRoot, table: at.primaryTable, end }));
  put(at.joliet, descriptor(2, utf16(label.padEnd(16)), { root: at.jolietRoot, table: at.jolietTable, end }));
  put(at.terminator, Buffer.from([255, ...Buffer.from('CD001'), 1]));
  for (const [table, root] of [[at.primaryTable, at.primaryRoot], [at.jolietTable, at.jolietRoot]] as const) {
    put(table, pathTable(root, 'little'));
    put(table + 1, pathTable(root, 'big'));
  }
  put(at.primaryRoot, directory(at.primaryRoot, extents, (name, index) => [Buffer.from(`FILE${String(index).padStart(2, '0')}.;1`), rockRidge(name)]));
  put(at.jolietRoot, directory(at.jolietRoot, extents, (name) => [utf16(`${name};1`), Buffer.alloc(0)]));
  for (const { sector: where, bytes } of extents) put(where, bytes);
  return volume;
}

/** ECMA-119 8.4 and 8.5; Joliet's says by its escape sequence that names are UTF-16. */
function descriptor(type: 1 | 2, label: Buffer, { root, table, end }: { readonly root: number; readonly table: number; readonly end: number }): Buffer {
  const space = type === 1 ? Buffer.from(' ') : utf16(' ');
  const bytes = Buffer.alloc(sector);
  bytes.set([type, ...Buffer.from('CD001'), 1]);
  bytes.fill(space, 8, 72);
  label.copy(bytes, 40);
  bothOrders(end, 4).copy(bytes, 80);
  if (type === 2) bytes.write('%/E', 88);
  // One volume of a set of one, sectors of 2048 bytes, a path table of ten.
  for (const [offset, value] of [[120, 1], [124, 1], [128, sector]] as const) bothOrders(value, 2).copy(bytes, offset);
  bothOrders(10, 4).copy(bytes, 132);
  bytes.writeUInt32LE(table, 140);
  bytes.writeUInt32BE(table + 1, 148);
  record(Buffer.from([0]), root, sector, true).copy(bytes, 156);
  const texts = [190, 318, 446, 574, 702, 739, 776, 813];
  for (const [index, start] of texts.slice(0, -1).entries()) bytes.fill(space, start, texts[index + 1]);
  // Four dates that nobody gives: digits zero, and zone zero.
  for (let date = 813; date < 881; date += 17) bytes.fill('0', date, date + 16);
  bytes[881] = 1;
  return bytes;
}

/** ECMA-119 9.4: the root, its own parent. */
function pathTable(root: number, order: 'little' | 'big'): Buffer {
  const bytes = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (order === 'little') bytes.writeUInt32LE(root, 2);
  else bytes.writeUInt32BE(root, 2);
  bytes[order === 'little' ? 6 : 7] = 1;
  return bytes;
}

function directory(root: number, extents: readonly Extent[], named: (name: string, index: number) => readonly [identifier: Buffer, systemUse: Buffer]): Buffer {
  const rocky = named('x', 0)[1].length > 0;
  // SUSP 5.3 and 5.5: the root says that there are such entries, and whose.
  const own = rocky ? Buffer.concat([Buffer.from([0x53, 0x50, 7, 1, 0xbe, 0xef, 0]), attributes(0o040_555, 2), Buffer.from([0x45, 0x52, 18, 1, 10, 0, 0, 1, ...Buffer.from('RRIP_1991A')])]) : Buffer.alloc(0);
  return Buffer.concat([
    record(Buffer.from([0]), root, sector, true, own),
    record(Buffer.from([1]), root, sector, true, rocky ? attributes(0o040_555, 2) : undefined),
    ...extents.map(({ name, sector: where, bytes }, index) => {
      const [identifier, systemUse] = named(name, index);
      return record(identifier, where, bytes.length, false, systemUse);
    }),
  ]);
}

/** ECMA-119 9.1; its date is the beginning of 1970. */
function record(identifier: Buffer, where: number, length: number, isDirectory: boolean, systemUse: Buffer = Buffer.alloc(0)): Buffer {
  const named = identifier.length + (1 - identifier.length % 2);
  const bytes = Buffer.alloc(33 + named + systemUse.length + systemUse.length % 2);
  bytes[0] = bytes.length;
  bothOrders(where, 4).copy(bytes, 2);
  bothOrders(length, 4).copy(bytes, 10);
  bytes.set([70, 1, 1, 0, 0, 0, 0, isDirectory ? 2 : 0], 18);
  bothOrders(1, 2).copy(bytes, 28);
  bytes[32] = identifier.length;
  identifier.copy(bytes, 33);
  systemUse.copy(bytes, 33 + named);
  return bytes;
}

/** A file's name, and that everybody may read it: whose it is the guest decides. */
function rockRidge(name: string): Buffer {
  return Buffer.concat([attributes(0o100_444, 1), Buffer.from([0x4e, 0x4d, 5 + name.length, 1, 0, ...Buffer.from(name)])]);
}

/** RRIP 4.1.1: mode, links, owner and group root. The serial number of 1.12 is left out, as most do. */
function attributes(mode: number, links: number): Buffer {
  return Buffer.concat([Buffer.from([0x50, 0x58, 36, 1]), bothOrders(mode, 4), bothOrders(links, 4), bothOrders(0, 4), bothOrders(0, 4)]);
}

/** A number as the format has most of them: little endian, then big endian. */
function bothOrders(value: number, width: 2 | 4): Buffer {
  const bytes = Buffer.alloc(2 * width);
  bytes.writeUIntLE(value, 0, width);
  bytes.writeUIntBE(value, width, width);
  return bytes;
}

/** UTF-16, big endian. */
function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

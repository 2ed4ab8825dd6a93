// libvirt's CPU maps: bit N of the little-endian bit string is pCPU N.

/** @param cpus kernel numbers of pCPUs. */
export function encodeCpuMap(cpus: Iterable<number>): Uint8Array {
  const numbers = [...cpus];
  const map = new Uint8Array((Math.max(-1, ...numbers) >> 3) + 1);
  for (const cpu of numbers) map[cpu >> 3]! |= 1 << (cpu & 7);
  return map;
}

/** The pCPU numbers in a map, ascending. */
export function decodeCpuMap(map: Uint8Array): number[] {
  const cpus: number[] = [];
  map.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (1 << bit)) !== 0) cpus.push(index * 8 + bit);
    }
  });
  return cpus;
}

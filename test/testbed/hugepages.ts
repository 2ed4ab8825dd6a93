// Makes sure that a test has huge pages, and gives the machine its old number back afterwards.
import { readFileSync, writeFileSync } from 'node:fs';

const pool = '/sys/kernel/mm/hugepages/hugepages-2048kB';

function read(name: 'nr_hugepages' | 'free_hugepages'): number {
  return Number(readFileSync(`${pool}/${name}`, 'utf8'));
}

/**
 * Raises the number of 2 MiB huge pages until `countOf2Mi` are free; disposing restores the number found.
 * Rejects when the kernel cannot find that much unfragmented memory.
 */
export async function reserveHugepages(countOf2Mi: number): Promise<AsyncDisposable> {
  const before = read('nr_hugepages');
  const missing = countOf2Mi - read('free_hugepages');
  const restore: AsyncDisposable = {
    [Symbol.asyncDispose]: () => {
      if (missing > 0) writeFileSync(`${pool}/nr_hugepages`, String(before));
      return Promise.resolve();
    },
  };
  if (missing > 0) {
    writeFileSync(`${pool}/nr_hugepages`, String(before + missing));
    const free = read('free_hugepages');
    if (free < countOf2Mi) {
      await restore[Symbol.asyncDispose]();
      throw new Error(`only ${free} of ${countOf2Mi} huge pages of 2 MiB could be reserved: memory is full or fragmented`);
    }
  }
  return restore;
}

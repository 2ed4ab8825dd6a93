/** The probe guest's ROM, put where QEMU can read it. */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** @param directory made where it is missing; holds the ROM for every later measurement. @returns its path. */
export async function provideProbeRom(directory: string): Promise<string> {
  const rom = Buffer.from(readFileSync(new URL('../../guest/probe.rom', import.meta.url), 'base64'), 'base64');
  const path = join(directory, 'probe.rom');
  await mkdir(directory, { recursive: true, mode: 0o711 });
  if (
    await readFile(path).then(
      (there) => there.equals(rom),
      () => false,
    )
  )
    return path;
  await writeFile(`${path}.new`, rom, { mode: 0o644 });
  await rename(`${path}.new`, path);
  return path;
}

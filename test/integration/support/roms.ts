// Guests of a few bytes: firmware images that do one thing each.

const romBytes = 64 * 1024;
/** Where an x86 CPU begins, from the end of the image. */
const resetVector = 16;

/** Halts at once and hears nothing ever again, the power button included. */
export const deafRom = rom(0xfa, 0xf4, 0xeb, 0xfd); // cli; hlt; jmp to the hlt

function rom(...code: readonly number[]): Uint8Array {
  const image = new Uint8Array(romBytes);
  image.set(code, romBytes - resetVector);
  return image;
}

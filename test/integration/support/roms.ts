// Guests of a few bytes: firmware images that do one thing each.

const romBytes = 64 * 1024;
/** Where an x86 CPU begins, from the end of the image. */
const resetVector = 16;

/** Halts at once and hears nothing ever again, the power button included. */
export const deafRom = rom(0xfa, 0xf4, 0xeb, 0xfd); // cli; hlt; jmp to the hlt

/** Sends back every byte that comes at the serial port, for ever. */
export const echoRom = longRom(
  0xba, 0xfd, 0x03, // mov dx, 0x3fd: the line's status
  0xec, 0xa8, 0x01, 0x74, 0xfb, // in al, dx; test al, 1; jz to the in: until a byte is there
  0xba, 0xf8, 0x03, 0xec, 0xee, // mov dx, 0x3f8; in al, dx; out dx, al
  0xeb, 0xf1, // jmp to the first line
);

/** More code than there is room for at the reset vector, which jumps to it. */
function longRom(...code: readonly number[]): Uint8Array {
  const start = 0x100;
  const image = rom(0xe9, (resetVector - 3 - start) & 0xff, ((resetVector - 3 - start) >> 8) & 0xff); // jmp, relative to what follows it
  image.set(code, romBytes - start);
  return image;
}

function rom(...code: readonly number[]): Uint8Array {
  const image = new Uint8Array(romBytes);
  image.set(code, romBytes - resetVector);
  return image;
}

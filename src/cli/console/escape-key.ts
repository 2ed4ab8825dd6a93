/** The key that ends a console session. */

/** Ctrl-], as telnet and virsh have it: no guest needs it. */
const escapeByte = 0x1d;

export class EscapeKey {
  #pressed = false;

  get wasPressed(): boolean {
    return this.#pressed;
  }

  /** @returns what was typed before it, and whether it was typed. */
  take(bytes: Uint8Array): { readonly before: Uint8Array; readonly left: boolean } {
    const at = bytes.indexOf(escapeByte);
    if (at === -1) return { before: bytes, left: false };
    this.#pressed = true;
    return { before: bytes.subarray(0, at), left: true };
  }
}

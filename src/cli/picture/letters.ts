/** Short names of VMs in a picture: `A`, `B`, … for those planned now, `a`, `b`, … for those that were there before. */

/** Without `E` and `X`, which mark emulator threads and CPUs kept idle, and without what reads as 0 or 1. */
const alphabet = 'ABCDFGHJKMNPQRSTUVWYZ';

/** The name of VM number `index`, from 0: `A` to `Z`, then `AA`, `AB` and so on. */
export function vmLetter(index: number, planned: boolean): string {
  let letters = '';
  for (let rest = index; rest >= 0; rest = Math.floor(rest / alphabet.length) - 1) letters = alphabet.charAt(rest % alphabet.length) + letters;
  return planned ? letters : letters.toLowerCase();
}

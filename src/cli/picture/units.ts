/** Memory sizes as people write them. */

/** `2Mi`, `1Gi`; the base page is `4Ki`. */
export function formatPageSize(sizeKiB: number): string {
  if (sizeKiB >= 1024 * 1024) return `${sizeKiB / (1024 * 1024)}Gi`;
  return sizeKiB >= 1024 ? `${sizeKiB / 1024}Mi` : `${sizeKiB}Ki`;
}

/** `512 MiB`, `1.5 GiB`: at most one decimal. */
export function formatMiB(sizeMiB: number): string {
  return sizeMiB < 1024 ? `${sizeMiB} MiB` : `${inGiB(sizeMiB)} GiB`;
}

/** `0.5/32 GiB`: a part of a total, both in the unit that suits the total. */
export function formatMiBOf(partMiB: number, totalMiB: number): string {
  return totalMiB < 1024 ? `${partMiB}/${totalMiB} MiB` : `${inGiB(partMiB)}/${inGiB(totalMiB)} GiB`;
}

/** Rounded down, so that what is free is never overstated. */
function inGiB(sizeMiB: number): number {
  return Math.floor((sizeMiB / 1024) * 10) / 10;
}

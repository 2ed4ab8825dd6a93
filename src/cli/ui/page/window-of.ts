/** Which rows of a long list are worth having in the document. */

export interface Window {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

/** Rows drawn beyond what is seen, so that scrolling shows no gap. */
const margin = 8;

export function windowOf(rows: number, rowHeight: number, scrollTop: number, height: number): Window {
  const first = Math.max(0, Math.min(rows, Math.floor(scrollTop / rowHeight) - margin));
  return { first, end: Math.max(first, Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + margin)) };
}

/** Where to scroll to so that a row is wholly seen; the same where it is already. */
export function scrollFor(row: number, rowHeight: number, scrollTop: number, height: number): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - height);
}

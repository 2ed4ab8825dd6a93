/** "Did you mean": the one candidate that a mistyped word is close enough to. */

/**
 * The candidate with the fewest edits (insert, delete, replace, swap of neighbours; case does not count) to `word`, if
 * that is at most a third of its length; of equally close ones the first. Longer words are given up on: nobody mistypes
 * a paragraph, and the cost grows with the square of the length.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const longest = 64;
  if (word.length > longest) return undefined;
  let best: string | undefined;
  let bestEdits = Infinity;
  for (const candidate of candidates) {
    if (candidate.length > longest) continue;
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits && edits <= Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3))) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** Damerau-Levenshtein distance in its optimal-string-alignment form. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let edits = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        edits = Math.min(edits, beforeLast[column - 2]! + 1);
      }
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length]!;
}

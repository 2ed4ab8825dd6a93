/** Parts of a page that are generated, between a comment that says so and one that ends them. */

/** @returns the page with the part of this name replaced. @throws RangeError where the page has no such part. */
export function withGenerated(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- generated: ${name} (npm run generate) -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new RangeError(`the page has no "${begin}" with "${end}" after it`);
  return `${page.slice(0, from)}${begin}\n${text}\n${page.slice(to)}`;
}
